/** The data that is watched while a run executes: for data breakpoints, and for a search. */
import type { Host } from '../runtime/host/host';
import type { Probe } from './probe';
import type { Passing, Traps } from './traps';
import type { Change, Watch } from './watch';
import { Watcher } from './watcher';

/** The state of the timeline that decides on the effect of a change. */
export interface Surroundings {
    passing(): Passing;
    /** Whether the run executes operations that it has not executed before. */
    isNews(): boolean;
    /** A search notes that a breakpoint stops the run at the present position. */
    stopsHere(): void;
}

export class DataWatch {
    private readonly watcher: Watcher;
    private probe: Probe | null = null;
    /** The run was set back or changed: the watcher must read the data again. */
    private moved = true;
    /** The position at which data breakpoints have last stopped the run, and their ids. */
    private last: { readonly at: number; readonly ids: readonly number[] } = { at: -1, ids: [] };

    constructor(
        private readonly host: Host,
        private readonly traps: Traps,
        private readonly timeline: Surroundings,
    ) {
        this.watcher = new Watcher(host, (watch, change, byUser) => this.changed(watch, change, byUser));
    }

    /** Whether data breakpoints are set. */
    get any(): boolean {
        return this.traps.watches.length > 0;
    }

    /** The ids of the data breakpoints that have stopped the run where it is. */
    get stopsHere(): readonly number[] {
        return this.last.at === this.host.interpreter.ticks ? this.last.ids : [];
    }

    /** The run was set back or changed. */
    invalidate(): void {
        this.moved = true;
    }

    /** From now on only the data of a search is watched, too; null: no more. */
    searchFor(probe: Probe | null): void {
        this.probe = probe;
        this.moved = true;
    }

    /** The run continues. @param heeded whether breakpoints may stop it, print something or count */
    begin(heeded: boolean): void {
        const { probe, moved, traps } = this;
        const watches = heeded || traps.counting ? traps.watches : [];
        this.moved = false;
        this.watcher.begin(probe ? [...watches, probe.watch] : watches, moved);
    }

    /** A change of the user was made again. */
    changedByUser(text: string): void {
        this.watcher.changedByUser(text);
    }

    private changed(watch: Watch, change: Change, byUser: boolean): readonly number[] {
        const { probe, timeline, traps } = this;
        if (probe?.watch === watch) {
            probe.found(change);
            return [];
        }
        const passing = timeline.passing();
        // the user knows the own changes
        const ids = byUser
            ? []
            : traps.changed(
                  watch,
                  change,
                  this.host.interpreter.current.top,
                  passing === 'again' && timeline.isNews() ? 'forward' : passing,
              );
        if (ids.length === 0 || passing === 'again') {
            return [];
        }
        this.last = { at: change.at, ids: [...new Set([...this.stopsHere, ...ids])] };
        if (passing === 'forward') {
            return ids;
        }
        timeline.stopsHere();
        return [];
    }
}
