/** Checks the `always` blocks of a scenario. */
import { ProgramError } from '../../language/values';
import { Frame } from '../code';
import type { Observer } from '../listener';
import type { Host } from './host';
import type { Hook } from './scenario-hooks';

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
