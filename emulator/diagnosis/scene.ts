/** What rules of diagnosis look at. */
import type { Say } from '../findings/diagnosis';
import type { Vm } from '../runtime/interpreter';
import type { Chronicle } from './chronicle';

export interface Scene {
    readonly vm: Vm;
    readonly chronicle: Chronicle;
    readonly say: Say;
}
