/**
 * What a scenario may ask of the diagnoses of its run. The rules that make them stand apart: whoever only checks or
 * explains a scenario, as the language server does, does not carry them.
 */
import type { DiagnosisCode } from '../findings/catalogue';
import type { Host } from '../runtime/host/host';
import type { Listener, Observer } from '../runtime/listener';

export abstract class Verdicts implements Observer {
    abstract readonly listener: Listener;

    /** A diagnosis with this code was made, or would be if the scenario ended here. */
    abstract has(code: DiagnosisCode): boolean;

    /** How often a device went to memory that was not given to it. */
    abstract straysOf(device: string): number;

    /** Those of a run; null where nobody looks. */
    static of(host: Host): Verdicts | null {
        return host.listeners.observer(Verdicts);
    }
}
