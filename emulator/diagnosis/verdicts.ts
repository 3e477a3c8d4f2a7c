/**
 * The part of the diagnoses that natives of scenarios read. It does not import the rules, so that programs that only
 * check or explain scenarios, such as the language server, do not contain them.
 */
import type { DiagnosisCode } from '../findings/catalogue';
import type { Host } from '../runtime/host/host';
import type { Listener, Observer } from '../runtime/listener';

export abstract class Verdicts implements Observer {
    abstract readonly listener: Listener;

    /** Whether a diagnosis with this code was made, or would be made if the scenario ended here. */
    abstract has(code: DiagnosisCode): boolean;

    /** Number of requests of a device to memory that was not mapped for it. */
    abstract straysOf(device: string): number;

    /** Those of a run; null if the run is not observed. */
    static of(host: Host): Verdicts | null {
        return host.listeners.observer(Verdicts);
    }
}
