/** Runs scenarios and keeps what each of their kernels hands over, as images. */
import { HandoverSaver } from '../../emulator/handover/save';
import type { Listener } from '../../emulator/runtime/listener';
import type { Program } from '../../emulator/language/program';
import { Run } from '../../emulator/run/run';
import type { Vm } from '../../emulator/runtime/interpreter';

const SLICE = 1 << 24;

/** Runs to the end, or to a failure. */
export function runToEnd(vm: Vm): void {
    let stop = vm.run(SLICE);
    while (stop?.reason !== 'end' && !(stop?.reason === 'exception' && stop.exception.fatal)) {
        stop = vm.run(SLICE);
    }
}

/**
 * Runs a scenario with a listener.
 * @returns the images of its jumps, in their order; empty bytes for one that hands nothing over.
 */
export function handoversOf(
    program: Program,
    scenario: string,
    whole = false,
    listener: (vm: Vm) => Listener = () => ({}),
): { vm: Vm; images: Uint8Array[] } {
    const { vm } = Run.start(program, { scenario });
    const images: Uint8Array[] = [];
    vm.listeners.report(listener(vm));
    vm.listeners.report(
        new HandoverSaver(vm, { whole }, (chunks) => images.push(new Uint8Array(Buffer.concat([...(chunks ?? [])])))),
    );
    runToEnd(vm);
    return { vm, images };
}
