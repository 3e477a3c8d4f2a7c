/** Who does something in a run: the statement, the device, the guest, the booting kernel. */
import type { Place } from '../findings/place';
import { LineMap } from '../language/syntax/positions';
import type { Writer } from '../machine/watching';
import { callbackAtWork } from '../runtime/at-work';
import { labelOf } from '../runtime/call-stack';
import { type Frame, placeIn, type Thread } from '../runtime/code';
import type { Host } from '../runtime/host/host';
import { hex } from '../text/text';

export interface Who {
    readonly text: string;
    readonly place: Place | undefined;
}

/**
 * @param writer null: the code that runs
 * @param frame the one that executes the operation at `pc`
 * @param jumps the old kernel has ended, and the next one has not begun
 */
export function whoIs(host: Host, writer: Writer | null, frame: Frame | undefined, pc: number, jumps: boolean): Who {
    const place = frame && placeIn(frame.code, pc);
    if (writer) {
        return { text: writerText(writer), place };
    }
    if (jumps) {
        return { text: 'the kexec', place };
    }
    const code = frame ? codeText(host, host.interpreter.current, frame, place) : 'the kernel';
    return { text: host.booting ? `the early boot of kernel ${host.boot + 1}, ${code}` : code, place };
}

function writerText(writer: Writer): string {
    if (writer.kind === 'guest') {
        return `guest ${writer.guest}, vCPU ${writer.vcpu}`;
    }
    const { device, iova, path } = writer;
    const through = path.length === 0 ? '' : `, through the IOMMU tables ${path.map((p) => hex(p)).join(' → ')}`;
    return `device ${device} by DMA at its address ${hex(iova)}${through}`;
}

/** The function, the callback that it works for, and the line of the process that has called. */
function codeText(host: Host, thread: Thread, frame: Frame, place: Place | undefined): string {
    const parts = [callerText(host.declarations, thread, frame, place)];
    const add = (text: string): void => {
        if (!parts.includes(text)) {
            parts.push(text);
        }
    };
    const callback = callbackAtWork(host);
    if (callback) {
        add(callback.name);
    }
    for (let t: Thread | null = thread; t; ) {
        let waiter: Thread | null = null;
        for (const f of t.frames) {
            waiter = f.waiter ?? waiter;
            if (f !== frame && f.mode === 'user' && f.waiter) {
                add(callerText(host.declarations, t, f, placeIn(f.code, Math.max(f.pc - 1, 0))));
            }
        }
        t = waiter;
    }
    return parts.join(', in ');
}

/** A function, or the line of a process. */
function callerText({ program }: Host['declarations'], thread: Thread, frame: Frame, place: Place | undefined): string {
    const label = labelOf(thread, frame);
    const text = frame.mode === 'user' && frame.waiter && place && program.files.get(place.uri)?.text;
    return text && place ? `${label} line ${new LineMap(text).position(place.start).line}` : label;
}
