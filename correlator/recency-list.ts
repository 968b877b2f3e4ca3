import type { Component } from './component.ts';

/** Components in the order they were added: a linked list through the components, every step O(1). */
export class RecencyList {
  #first: Component | undefined;
  #last: Component | undefined;
  size = 0;

  get first(): Component | undefined {
    return this.#first;
  }

  get last(): Component | undefined {
    return this.#last;
  }

  append(component: Component): void {
    component.previous = this.#last;
    component.next = undefined;
    if (this.#last === undefined) this.#first = component;
    else this.#last.next = component;
    this.#last = component;
    component.list = this;
    this.size++;
  }

  /** Gives `replacement`, which is in no list, the place of `component`. */
  replace(component: Component, replacement: Component): void {
    const { previous, next } = component;
    replacement.previous = previous;
    replacement.next = next;
    if (previous === undefined) this.#first = replacement;
    else previous.next = replacement;
    if (next === undefined) this.#last = replacement;
    else next.previous = replacement;
    replacement.list = this;
    component.previous = undefined;
    component.next = undefined;
    component.list = undefined;
  }

  /** Takes a component out; nothing happens when it is not in this list. */
  remove(component: Component): void {
    if (component.list !== this) return;
    const { previous, next } = component;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    component.previous = undefined;
    component.next = undefined;
    component.list = undefined;
    this.size--;
  }
}
