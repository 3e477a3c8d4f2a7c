/**
 * The blocks `always` and `finally` of a scenario: what must hold whenever something has happened, and what runs at
 * every end.
 */
import { type Journal, JournaledList, JournaledRecord } from '../../machine/journal';
import { ProgramError } from '../../language/values';
import { type Code, Frame } from '../code';
import type { Observer } from '../listener';
import type { RunException } from '../stop';
import type { Host } from './host';

/** A block: its code, the position at which it begins, and the one behind it. */
export interface Hook {
    readonly code: Code;
    readonly pc: number;
    readonly end: number;
}

export class ScenarioHooks extends JournaledRecord {
    readonly always: JournaledList<Hook>;
    readonly finally: JournaledList<Hook>;
    /** Why the scenario has not come to its end: after a fault, `finally` runs nevertheless. */
    readonly stoppedBy: RunException | null = null;

    constructor(private readonly journal: Journal) {
        super(journal);
        this.always = new JournaledList(journal);
        this.finally = new JournaledList(journal);
    }

    stopped(by: RunException): void {
        this.journal.edit<ScenarioHooks>(this).stoppedBy = by;
    }
}

/** Checks the `always` blocks whenever a system call, a callback, or a process has begun or ended. */
export function watchAlways(host: Host): void {
    if (host.listeners.observer(AlwaysWatch) === null) {
        host.listeners.observe(new AlwaysWatch(host));
    }
}

class AlwaysWatch implements Observer {
    private checking = false;

    constructor(private readonly host: Host) {}

    readonly listener = {
        kernelEntered: () => this.check(),
        kernelLeft: () => this.check(),
        callbackEntered: () => this.check(),
        callbackLeft: () => this.check(),
        slept: () => this.check(),
        ended: () => this.check(),
    };

    private check(): void {
        const { host } = this;
        const { interpreter, hooks, kernel } = host;
        // between two kernels there is nothing to look at
        if (this.checking || hooks.always.length === 0 || !kernel || host.booting || interpreter.outcome) {
            return;
        }
        this.checking = true;
        try {
            for (const hook of hooks.always) {
                this.holds(hook);
            }
        } finally {
            this.checking = false;
        }
    }

    /** Executes a block at once, on top of what runs. */
    private holds({ code, pc, end }: Hook): void {
        const { interpreter } = this.host;
        const thread = interpreter.current;
        const around = interpreter.scenarioThread.frames.find((f) => f.code === code);
        const frame = Frame.of(code, 'scenario', interpreter.ticks);
        frame.slots = around?.slots ?? frame.slots;
        frame.pc = pc;
        thread.frames.push(frame);
        while (frame.pc >= 0 && frame.pc < end - 1 && !interpreter.outcome) {
            const next = code.pristine[frame.pc]?.(frame) ?? -1;
            if (next < 0 && !interpreter.outcome) {
                throw new ProgramError('an `always` block only looks: it calls no function and makes no system call');
            }
            frame.pc = next;
        }
        thread.frames.splice(thread.frames.indexOf(frame), 1);
    }
}

/**
 * After a fault a call fails that the scenario needs: its `finally` blocks run, and then it is over.
 * @returns whether there are any
 */
export function endEarly(host: Host, by: RunException): boolean {
    const { interpreter, hooks, injections } = host;
    const { scenarioThread: scenario, threads } = interpreter;
    const [frame] = scenario.frames;
    const faults = injections.trials?.happened ?? 0;
    const deadlock = by.message.startsWith('deadlock:');
    if (
        faults === 0 ||
        by.kind !== 'failed-call' ||
        deadlock ||
        hooks.stoppedBy ||
        hooks.finally.length === 0 ||
        !frame
    ) {
        return false;
    }
    hooks.stopped(by);
    interpreter.scheduler.end();
    for (const thread of threads.slice(1)) {
        // a process in the kernel stands there with its locks; the others go no further
        if (thread.frames.every((f) => f.mode === 'user')) {
            thread.frames = [];
            thread.waiting = null;
        }
    }
    scenario.frames = [frame];
    scenario.waiting = null;
    frame.pc = frame.code.finallyAt;
    interpreter.current = scenario;
    interpreter.switchFrames();
    return true;
}
