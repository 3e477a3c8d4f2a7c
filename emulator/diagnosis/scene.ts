/** What diagnosis rules can read and report. */
import type { JournaledMap } from '../machine/journal';
import type { DiagnosisCode } from '../findings/catalogue';
import type { Say } from '../findings/diagnosis';
import type { Host } from '../runtime/host/host';
import type { CarriedDevices } from './carried-devices';
import type { Chronicle } from './chronicle';
import type { TypedRecords } from './typed-memory';

export interface Scene<C extends DiagnosisCode = DiagnosisCode> {
    readonly host: Host;
    readonly chronicle: Chronicle;
    readonly carried: CarriedDevices;
    readonly typed: TypedRecords;
    /** By device, the number of its requests to memory that was not mapped for it. */
    readonly strays: JournaledMap<string, number>;
    /** Makes a diagnosis with one of the codes of the file. */
    readonly say: Say<C>;
}
