import type { OpenRequest } from './open-request.ts';

/** Where a request stands in a list. */
export class OpenPlace {
  readonly open: OpenRequest;
  readonly list: OpenList;
  older: OpenPlace | undefined = undefined;
  newer: OpenPlace | undefined = undefined;

  constructor(open: OpenRequest, list: OpenList) {
    this.open = open;
    this.list = list;
  }
}

/** Requests, first in, first out; one in the middle leaves at the same cost. */
export class OpenList {
  oldest: OpenPlace | undefined = undefined;
  size = 0;
  newest: OpenPlace | undefined = undefined;

  append(open: OpenRequest): OpenPlace {
    const place = new OpenPlace(open, this);
    place.older = this.newest;
    if (this.newest === undefined) this.oldest = place;
    else this.newest.newer = place;
    this.newest = place;
    this.size++;
    return place;
  }

  remove(place: OpenPlace): void {
    if (place.older === undefined) this.oldest = place.newer;
    else place.older.newer = place.newer;
    if (place.newer === undefined) this.newest = place.older;
    else place.newer.older = place.older;
    this.size--;
  }
}
