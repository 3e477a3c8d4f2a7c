/** The end of a running kernel, at a jump or without one: what is removed, and what becomes of variables. */
import { ListValue, RecordValue } from '../../language/collections';
import { JournaledList } from '../../machine/journal';
import { dropProcesses } from './processes';
import { ScenarioProcess } from './scenario-process';
import type { Value } from '../../language/types';
import { format } from '../../language/values';
import type { Host } from './host';

/** Removes everything of the running kernel: its processes and threads. The frames of the scenario stay. */
export function dropKernel(host: Host): void {
    if (host.kernel) {
        host.guests.kernelStops(host.kernel);
    }
    host.machine.pci.interrupts.forget();
    dropProcesses(host);
    const { interpreter } = host;
    for (const t of interpreter.threads.slice(1)) {
        t.frames = [];
        interpreter.dropThread(t);
    }
    host.handoverHooks.clear();
    host.deadThreads.clear();
    interpreter.scheduler.end();
    const scenario = interpreter.scenarioThread;
    scenario.waiting = null;
    const seen = new Set<Value>();
    for (const frame of scenario.frames) {
        frame.slots = frame.slots.map((v) => tombstoneFor(host, v, seen));
    }
    const state = host.machine.journal.edit(host.kernelState);
    state.kernel = null;
    state.booting = null;
    interpreter.current = scenario;
    interpreter.switchFrames();
}

/** Replaces an object of an ended kernel in a variable of the scenario; any use of it is an error that names it. */
class Tombstone {
    constructor(
        private readonly what: string,
        private readonly release: string,
    ) {}

    display(): string {
        return `${this.what} of the previous kernel, ${this.release}`;
    }
}

/**
 * The value of a variable after the end of its kernel. Lists and records of the program stay what they are, with other
 * elements.
 */
function tombstoneFor(host: Host, v: Value, seen: Set<Value>): Value {
    if (seen.has(v)) {
        return v;
    }
    const bury = (old: Value, replace: (now: Value) => void): void => {
        const now = tombstoneFor(host, old, seen);
        if (now !== old) {
            replace(now);
        }
    };
    if (v instanceof ListValue) {
        seen.add(v);
        for (const [i, x] of v.items.entries()) {
            bury(x, (now) => v.set(i, now));
        }
        return v;
    }
    if (v instanceof RecordValue) {
        seen.add(v);
        for (const [name, x] of v) {
            bury(x, (now) => v.set(name, now));
        }
        return v;
    }
    if (v instanceof JournaledList) {
        return host.list(v.items.map((x) => tombstoneFor(host, x as Value, seen)));
    }
    if (
        typeof v !== 'object' ||
        v === null ||
        v instanceof ScenarioProcess ||
        host.natives.typeOf(v)?.ofKernel !== true
    ) {
        return v;
    }
    return new Tombstone(format(v), host.kernel?.display() ?? 'kernel');
}

/** The running kernel ends without a handover. */
export function loseKernel(host: Host, how: 'panic' | 'power'): void {
    if (host.kernel) {
        host.tell((l) => l.lost?.(how));
    }
    dropKernel(host);
}
