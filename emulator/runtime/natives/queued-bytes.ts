/** Bytes that wait to be read, for the handlers of pipes and sockets: how they are saved and put back. */
import type { Kernel } from '../../kernel/kernel';
import type { Err } from '../../kernel/release/errno';
import { BYTES, INT } from '../../language/types';
import type { Bytes } from '../../machine/bytes';
import { dataArg, lengthArg } from './arguments';
import { done, type Members, param } from './define';

/** Adds the methods `peek` and `fill` to the members of what holds such bytes. */
export function withQueuedBytes<T extends object>(
    members: Members<T>,
    peek: (kernel: Kernel, from: T, at: number, length: number) => Bytes,
    fill: (kernel: Kernel, to: T, data: Bytes) => 0 | Err,
): Members<T> {
    return members
        .method(
            'peek',
            [param('at', INT), param('length', INT)],
            { result: BYTES },
            'Reads bytes and does not remove them; fewer than `length` if there are fewer.',
            (from, [at, length], { running }) =>
                peek(running, from, lengthArg(at, 'the offset'), lengthArg(length, 'the length')),
        )
        .method(
            'fill',
            [param('data', BYTES), param('length', INT)],
            { fails: true },
            'Appends the first `length` bytes of the data. `ENOSPC`.',
            (to, [data, length], { running }) => {
                const bytes = dataArg(data, 'the data');
                return done(fill(running, to, bytes.slice(0, Math.min(bytes.length, lengthArg(length, 'the length')))));
            },
        );
}
