/** The findings of the executed part of a run, with their positions: a reporter, so that none is in it twice. */
import type { Diagnosis } from '../findings/diagnosis';
import type { Interpreter } from '../runtime/interpreter';
import type { Listener } from '../runtime/listener';

/** A finding, and the position of the run in the operation in which it was made. */
export interface Found {
    readonly at: number;
    readonly diagnosis: Diagnosis;
}

export class Findings implements Listener {
    private list: Found[] = [];

    constructor(private readonly interpreter: Interpreter) {}

    diagnosed(diagnosis: Diagnosis): void {
        this.list.push({ at: this.interpreter.ticks, diagnosis });
    }

    /** The last one with a code. */
    lastWith(code: string): Found | undefined {
        return this.list.findLast(({ diagnosis }) => diagnosis.code === code);
    }

    /** The last one up to a position. */
    lastUpTo(position: number): Found | undefined {
        return this.list.findLast(({ at }) => at <= position);
    }

    /** The entry of a finding. After the run was set back, the same finding is another object. */
    entryOf({ code, boot, time, message }: Diagnosis): Found | undefined {
        return this.list.find(
            ({ diagnosis: d }) => d.code === code && d.boot === boot && d.time === time && d.message === message,
        );
    }

    /** Removes the entries after a position: they belong to another future. */
    cut(position: number): readonly Found[] {
        const gone = this.list.filter(({ at }) => at > position);
        this.list = this.list.filter(({ at }) => at <= position);
        return gone;
    }

    /** Restores removed entries. Those that were added in the meantime must be removed before. */
    rejoin(entries: readonly Found[]): void {
        this.list.push(...entries);
    }
}
