/** A process of the scenario: its name, the variables of its blocks, and its thread. */
import type { Process } from '../../kernel/fs/process';
import { type Journal, JournaledRecord, JournaledMap } from '../../machine/journal';
import type { Value } from '../../language/types';
import { Thread } from '../code';

export class ScenarioProcess extends JournaledRecord {
    readonly vars: JournaledMap<string, Value>;
    /** The number of system calls until it is killed; −1 if it is not to be killed. */
    readonly callsLeft: number = -1;
    /** Whether a SIGKILL is pending until its return to user mode. */
    readonly killed: boolean = false;
    /** The expectation that its reboot must fail, for the message; null if it may succeed. */
    readonly rebootMustFail: string | null = null;
    /** A part of the message of an oops that the scenario has announced for the call it makes; null: none is. */
    readonly oopsExpected: string | null = null;
    readonly thread: Thread;

    constructor(
        journal: Journal,
        readonly name: string,
        readonly process: Process,
        threadId: number,
    ) {
        super(journal);
        this.vars = new JournaledMap(journal);
        this.thread = new ProcessThread(threadId, this);
    }

    display(): string {
        return `process ${this.name} (pid ${this.process.pid})`;
    }
}

/** The main thread of a process. */
class ProcessThread extends Thread {
    constructor(
        id: number,
        readonly process: ScenarioProcess,
    ) {
        super(id, process.name);
    }
}

/** The process of a thread; null for the thread of the scenario and of a booting kernel. */
export function processOf(thread: Thread | undefined): ScenarioProcess | null {
    return thread instanceof ProcessThread ? thread.process : null;
}
