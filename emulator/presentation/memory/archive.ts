/** Keeps the memory of a run at its kexecs and at its end, for a file. A run with it does not go back. */
import type { Host } from '../../runtime/host/host';
import type { Observer, Phase } from '../../runtime/listener';
import { packedEvents, packedMap, type PackedEvent, type PackedMemory, type PackedStanding } from './packed';
import { standingOf, type Standing } from './standing';

/** The most kexecs that are kept: the last ones. */
const MOST = 8;
/** The most events of pages that are kept: the last ones. */
const MOST_EVENTS = 20_000;

export class MemoryArchive implements Observer {
    private readonly list: PackedStanding[] = [];
    private last: Standing | undefined;

    /** Watches a run that is about to start. */
    constructor(private readonly host: Host) {
        host.listeners.observe(this);
    }

    phase(phase: Phase): void {
        if (phase === 'jump') {
            this.keep(`at the kexec of kernel ${this.host.machine.boots}`);
        }
    }

    /** What is kept, with the state of the run now. @param title of the run */
    packed(title: string): PackedMemory {
        const { machine } = this.host;
        this.keep('at the end');
        return {
            title,
            page: machine.page.size,
            standings: this.list,
            ...packedEvents(this.events()),
            older: Math.max(0, machine.history.length - MOST_EVENTS),
        };
    }

    private keep(name: string): void {
        const { machine } = this.host;
        const before = this.last?.now.kernel === machine.boots - 1 ? this.last.now : undefined;
        const standing = standingOf(this.host, before);
        const { now, pointers, reach, findings } = standing;
        this.last = standing;
        if (this.list.length > MOST) {
            this.list.shift();
        }
        const { kernel, release, time, map } = now;
        this.list.push({ name, kernel, release, time, map: packedMap(map), pointers, reach, findings });
    }

    private *events(): Generator<PackedEvent> {
        const { history, owners } = this.host.machine;
        for (let i = Math.max(0, history.length - MOST_EVENTS); i < history.length; i++) {
            const { kernel, pfn, count, kind, owner } = history.at(i);
            yield { kernel, pfn, count, text: `${kind}: ${owners.name(owner)}` };
        }
    }
}
