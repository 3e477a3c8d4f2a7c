/** Threads, for those who ask for them here. */
export { depthOf, Thread, type LockWait, type ThreadState, type Waiting } from './code';
export { ScenarioProcess as UserProcess } from './host/scenario-process';
