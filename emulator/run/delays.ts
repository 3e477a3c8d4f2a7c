/**
 * The timing of devices and guests as choices: at certain places the processor is delayed until the next of their
 * events has happened, such as a DMA write that would otherwise come later. This is not a fault, because a processor
 * can be slow.
 */
import type { Host } from '../runtime/host/host';
import { processOf } from '../runtime/host/scenario-process';
import type { Listener, Observer } from '../runtime/listener';
import type { Question } from './faults';

/** Makes choices. */
interface Deciding {
    /** Whether it makes the choices of a list, whatever is offered. */
    readonly replays: boolean;
    /** @returns one of the alternatives */
    decide(question: Question): string;
}

const NONE = 'none';
const HAPPENS = 'happens';

export class Delays implements Observer {
    readonly listener: Listener;

    constructor(
        private readonly host: Host,
        private readonly decider: Deciding,
        private readonly offered: boolean,
    ) {
        this.listener = {
            kernelLeft: ({ kind, name }) => {
                const p = processOf(host.interpreter.current);
                if (p && kind !== 'exit' && kind !== 'release' && kind !== 'boot') {
                    this.mayWait(`after ${p.name} ${name}`);
                }
            },
            callbackEntered: ({ callback, name }) => {
                if (callback !== 'init') {
                    this.mayWait(`in ${name}`);
                }
            },
            phase: (phase) => {
                if (phase === 'jump') {
                    this.mayWait(`before the jump from kernel ${host.boot + 1}`);
                }
            },
        };
    }

    private mayWait(where: string): void {
        const { host, decider, offered } = this;
        const { clock } = host.machine;
        if ((!offered && !decider.replays) || !host.kernel || !clock.expects) {
            return;
        }
        const what = `delay ${where}`;
        const question: Question = { what, alternatives: [NONE, HAPPENS], usual: 0, price: 'switch', offered };
        if (decider.decide(question) !== NONE) {
            clock.passToNext();
        }
    }
}
