/** Runs scenarios and keeps what each of their kernels hands over, as images. */
import { HandoverSaver } from '../../emulator/handover/save';
import type { Listener } from '../../emulator/runtime/listener';
import type { Program } from '../../emulator/language/program';
import { Run } from '../../emulator/run/run';
import type { Host } from '../../emulator/runtime/host/host';
import { runToEnd } from './runs';

/** A copy: images may have a gigabyte. */
function joined(chunks: Iterable<Uint8Array>): Uint8Array {
    const list = [...chunks];
    const bytes = new Uint8Array(list.reduce((n, c) => n + c.length, 0));
    let at = 0;
    for (const chunk of list) {
        bytes.set(chunk, at);
        at += chunk.length;
    }
    return bytes;
}

/**
 * Runs a scenario with a listener.
 * @returns the images of its jumps, in their order; empty bytes for one that hands nothing over.
 */
export function handoversOf(
    program: Program,
    scenario: string,
    whole = false,
    listener: (host: Host) => Listener = () => ({}),
): { host: Host; images: Uint8Array[] } {
    const { host } = Run.start(program, { scenario });
    const images: Uint8Array[] = [];
    host.listeners.report(listener(host));
    host.listeners.report(new HandoverSaver(host, { whole }, (chunks) => images.push(joined(chunks ?? []))));
    runToEnd(host);
    return { host, images };
}
