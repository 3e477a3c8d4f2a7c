/** A process as the scenario knows it: by name, with the variables of its blocks, and the thread that it runs on. */
import type { Process } from '../../kernel/fs/process';
import { type Journal, JournaledRecord, JournaledMap } from '../../machine/journal';
import type { Value } from '../../language/types';
import { Thread } from '../code';

export class ScenarioProcess extends JournaledRecord {
    readonly vars: JournaledMap<string, Value>;
    /** How many system calls it still makes before it is killed; −1: nobody has said so. */
    readonly callsLeft: number = -1;
    /** SIGKILL waits for its return to user mode. */
    readonly killed: boolean = false;
    /** Why its reboot must not succeed: the call that the scenario says fails. */
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

/** The process whose thread this is; null for the scenario's and for that of a kernel that boots. */
export function processOf(thread: Thread | undefined): ScenarioProcess | null {
    return thread instanceof ProcessThread ? thread.process : null;
}
