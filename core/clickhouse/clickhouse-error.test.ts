import { describe, expect, it } from 'vitest';
import { PipelineError } from '../errors.ts';
import { clickHouseError } from './clickhouse-error.ts';

const databaseError = (type: string, message = 'x'): Error => Object.assign(new Error(message), { code: '241', type });

describe('what goes wrong with ClickHouse', () => {
  it('is worth waiting for when it passes by itself', () => {
    for (const error of [
      databaseError('MEMORY_LIMIT_EXCEEDED'),
      databaseError('TOO_MANY_PARTS'),
      Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }),
      new Error('Timeout error.'),
    ])
      expect(clickHouseError(error, 'there')).toMatchObject({ code: 'DESTINATION_UNAVAILABLE', retryable: true });
  });

  it('is final when the data or the statement is wrong', () => {
    expect(clickHouseError(databaseError('UNKNOWN_TABLE'), 'there')).toMatchObject({
      code: 'DESTINATION_REFUSED',
      retryable: false,
    });
  });

  it('says that stored data is damaged', () => {
    for (const type of ['CHECKSUM_DOESNT_MATCH', 'CANNOT_DECOMPRESS', 'CORRUPTED_DATA', 'NO_FILE_IN_DATA_PART']) {
      const found = clickHouseError(databaseError(type, 'Checksum does not match: corrupted data.'), '/data');
      expect(found).toMatchObject({ code: 'FILE_CORRUPT', retryable: false });
      expect(found.message).toContain(`What ClickHouse at /data stores is damaged (${type})`);
    }
  });

  it('stops the process when the disk is full, in one sentence', () => {
    for (const error of [
      databaseError(
        'CANNOT_WRITE_TO_FILE_DESCRIPTOR',
        'Cannot write to file: errno: 28, strerror: No space left on device',
      ),
      databaseError('NOT_ENOUGH_SPACE', 'Cannot reserve 1.00 MiB, not enough space. '),
      Object.assign(new Error('ENOSPC: no space left on device, writev'), { code: 'ENOSPC' }),
    ]) {
      const found = clickHouseError(error, '/data');
      expect(found).toMatchObject({ code: 'DESTINATION_UNAVAILABLE', retryable: false });
      expect(found.message).toBe('There is no room left on the disk of /data.');
    }
  });

  it('stays what it is when it is an error of the pipeline already', () => {
    const error = new PipelineError('BUS_CLOSED', 'closed');
    expect(clickHouseError(error, 'there')).toBe(error);
  });
});
