/** The proof that checkpoints hold everything: from each of them a run goes on to the same end. */
import assert from 'node:assert/strict';
import type { Checkpoint } from '../../emulator/runtime/stop';
import type { Host } from '../../emulator/runtime/host/host';
import { fingerprint } from '../../emulator/timeline/fingerprint';
import { FOREVER } from './runs';

/**
 * One statement on. @param kind `in` goes into every call, `any` into every thread, too. @returns whether that was
 * the end
 */
export function over(host: Host, kind: 'any' | 'in' = 'any'): boolean {
    host.interpreter.step(kind);
    const stop = host.interpreter.run(FOREVER);
    return stop === null || stop.reason === 'end' || (stop.reason === 'exception' && stop.exception.fatal);
}

export interface Proof {
    /** Whether to keep a checkpoint before the statement with this number, counted from 1. */
    readonly keep: (number: number) => boolean;
    /** More checkpoints than this must come together. */
    readonly moreThan: number;
    readonly kind?: 'any' | 'in';
    /** What must hold at every end, besides that its fingerprint is that of the first. */
    readonly ended?: () => void;
}

/**
 * Goes through a run statement by statement and keeps checkpoints; then goes on from each of them, the last one first.
 * @returns the fingerprint of the end
 */
export function endsTheSame(host: Host, { keep, moreThan, kind = 'any', ended = () => undefined }: Proof): string {
    const kept: { readonly saved: Checkpoint; readonly place: string }[] = [];
    for (let number = 1; !over(host, kind); number++) {
        if (keep(number)) {
            kept.push({
                saved: host.interpreter.checkpoint(),
                place: `${host.frame?.code.name ?? ''}, statement ${number}`,
            });
        }
    }
    const end = fingerprint(host);
    ended();
    assert.ok(kept.length > moreThan, `${kept.length} checkpoints`);
    for (const { saved, place } of kept.reverse()) {
        host.interpreter.restore(saved);
        host.interpreter.run(FOREVER);
        assert.equal(fingerprint(host), end, `from the checkpoint in ${place}`);
        ended();
    }
    return end;
}
