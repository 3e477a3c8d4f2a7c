/** Records what happens to sessions, files, FLBs and pages, across kernels: the histories of diagnoses. */
import { Err } from '../kernel/release/errno';
import type { LuoFile, LuoSession } from '../kernel/luo/state';
import type { PageEvent } from '../machine/history';
import { JournaledList, JournaledMap } from '../machine/journal';
import type { Place } from '../findings/place';
import type { Value } from '../language/types';
import { subjectAtWork, subjectOf, subjectSaid } from '../runtime/at-work';
import type { Host } from '../runtime/host/host';
import type { CallbackCall, KernelWork } from '../runtime/purpose';
import type { Rules } from './hearing';
import type { HistoryLine } from '../findings/diagnosis';
import { hex } from '../text/text';

/** An execution of a preserve() callback, from its first step to its last. The history of a page names it. */
export interface Preserving {
    readonly boot: number;
    /** `nic_handler.preserve` */
    readonly callback: string;
    /** The file that it preserved; undefined for an FLB's. */
    readonly file: { readonly session: string; readonly token: string } | undefined;
    readonly place: Place | undefined;
    readonly thread: number;
    readonly first: number;
    readonly last: number;
}

/** A line of a history, and the step at which it was recorded. */
interface Note extends HistoryLine {
    readonly step: number;
}

/** Number of lines of a history at most: of more, the oldest and the newest are kept. */
const HISTORY_LIMIT = 12;

/** Key of the notes about the loaded kernel image. */
export const IMAGE = 'image';
/** Number of preserve() calls that are searched because they may have run at the same time. */
const AT_ONCE = 16;

export const sessionKey = (name: string): string => `session ${name}`;
export const fileKey = (session: string, token: number | bigint | string): string =>
    `file ${typeof token === 'string' ? token : hex(token)} of ${session}`;
export const deviceKey = (name: string): string => `device ${name}`;
export const flbKey = (name: string): string => `FLB ${name}`;

export class Chronicle {
    /** The events that are recorded. */
    readonly events: Rules = {
        corrupted: (how) => this.note(`damage ${this.host.boot}`, how),
        callbackEntered: (call) => this.callbackEntered(call),
        callbackLeft: (call, result) => this.callbackLeft(call, result),
        callReturned: (work, result) => this.callReturned(work, result),
        sessionReleased: (session) => this.released.set(session, true),
        phase: (phase) => phase === 'boot' && this.released.clear(),
    };
    /** Notes by subject. Lists are replaced, never changed in place. */
    private readonly notes: JournaledMap<string, readonly Note[]>;
    private readonly preserving: JournaledList<Preserving>;
    /** The last preserve() of each file, by {@link fileKey}. */
    private readonly preserved: JournaledMap<string, Preserving>;
    /**
     * The preserve() calls that are being executed, with their first steps, the latest last. They nest, or belong to
     * several threads.
     */
    private readonly begun: JournaledList<{ readonly thread: number; readonly step: number }>;
    private readonly released: JournaledMap<LuoSession, true>;

    /** @param here the user's statement at which the run stands */
    constructor(
        private readonly host: Host,
        private readonly here: () => Place | undefined,
    ) {
        const { journal } = host.machine;
        this.notes = new JournaledMap(journal);
        this.preserving = new JournaledList(journal);
        this.preserved = new JournaledMap(journal);
        this.begun = new JournaledList(journal);
        this.released = new JournaledMap(journal);
    }

    note(about: string, text: string, place = this.here()): void {
        const lines = this.notes.get(about) ?? [];
        const kept =
            lines.length < HISTORY_LIMIT
                ? lines
                : [...lines.slice(0, HISTORY_LIMIT / 2), ...lines.slice(1 - HISTORY_LIMIT / 2)];
        this.notes.set(about, [...kept, { boot: this.host.boot, text, place, step: this.host.interpreter.ticks }]);
    }

    of(about: string): readonly Note[] {
        return this.notes.get(about) ?? [];
    }

    /** Bits that were flipped, in this kernel or on the way from the previous one. */
    damage(): readonly HistoryLine[] {
        return [...this.of(`damage ${this.host.boot - 1}`), ...this.of(`damage ${this.host.boot}`)];
    }

    /** The last descriptor of the session is closed. */
    isReleased(session: LuoSession): boolean {
        return this.released.has(session);
    }

    private callbackEntered(call: CallbackCall): void {
        if (isPreserve(call)) {
            this.begun.push({ thread: this.host.interpreter.current.id, step: this.host.interpreter.ticks });
        }
    }

    private callbackLeft(call: CallbackCall, result: Value | Err): void {
        const { host } = this;
        if (call.kind === 'flb') {
            this.note(
                flbKey(call.flb.name),
                result instanceof Err ? `${call.name} failed with ${result.name}` : `${call.name} ran`,
            );
        }
        if (!isPreserve(call)) {
            return;
        }
        const begin = this.begun.items.findLast((b) => b.thread === host.interpreter.current.id);
        if (begin) {
            this.begun.remove(begin);
        }
        const said = call.kind === 'handler' ? subjectSaid(host) : null;
        const file = said && said.token !== null ? { session: said.session.name, token: hex(said.token) } : undefined;
        const entry: Preserving = {
            boot: host.boot,
            callback: call.name,
            file,
            place: this.here(),
            thread: host.interpreter.current.id,
            first: begin?.step ?? host.interpreter.ticks,
            last: host.interpreter.ticks,
        };
        this.preserving.push(entry);
        if (file) {
            this.preserved.set(fileKey(file.session, file.token), entry);
        }
    }

    /** Records what system calls did to sessions and their files. */
    private callReturned(work: KernelWork, result: Value | Err): void {
        const failed = result instanceof Err ? ` failed with ${result.name}` : '';
        switch (work.kind) {
            case 'create_session':
            case 'retrieve_session':
                this.note(sessionKey(work.session), `${work.kind}("${work.session}")${failed}`);
                return;
            case 'preserve_fd':
            case 'retrieve_fd':
                if (work.session) {
                    const text = `${work.kind}(token: ${hex(work.token)})${failed}`;
                    this.note(fileKey(work.session.name, work.token), text);
                }
                return;
            case 'kexec_load':
            case 'kexec_file_load':
                this.notes.set(IMAGE, []);
                this.note(IMAGE, `${work.kind}()${failed}`);
                return;
            case 'finish':
                if (work.session) {
                    this.note(sessionKey(work.session.name), `finish()${failed}`);
                }
                return;
            default:
        }
    }

    /** The history of a session: calls on the session and on its files. */
    ofSession(session: LuoSession): HistoryLine[] {
        return [
            ...this.of(sessionKey(session.name)),
            ...session.files.items.flatMap((f) => this.of(fileKey(session.name, f.token))),
        ]
            .sort((a, b) => a.step - b.step)
            .slice(0, HISTORY_LIMIT);
    }

    /** The same for a session of which only the name is known, because it was not deserialized. */
    ofSessionNamed(name: string): HistoryLine[] {
        const files = [...this.notes.keys()].filter((key) => key.startsWith('file ') && key.endsWith(` of ${name}`));
        return [...this.of(sessionKey(name)), ...files.flatMap((key) => this.of(key))]
            .sort((a, b) => a.step - b.step)
            .slice(0, HISTORY_LIMIT);
    }

    ofFile(file: LuoFile): readonly HistoryLine[] {
        return this.ofToken(file.session.name, file.token);
    }

    /** The history of a file, given by session and token, and of its session. */
    ofToken(session: string, token: number | bigint | string): HistoryLine[] {
        return [...this.of(sessionKey(session)), ...this.of(fileKey(session, token))].sort((a, b) => a.step - b.step);
    }

    /** The preserve() of the previous kernel for the file of this session and token. */
    preserverOf(session: string, token: string): Preserving | undefined {
        const found = this.preserved.get(fileKey(session, token));
        return found?.boot === this.host.boot - 1 ? found : undefined;
    }

    /** The preserve() callback that was running when an event happened to a page. */
    preservingAt(event: PageEvent): Preserving | undefined {
        const { firstStep: step, thread } = event;
        const boot = event.kernel - 1;
        const list = this.preserving.items;
        let low = 0;
        let high = list.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            const p = list[middle];
            if (p && (p.boot < boot || (p.boot === boot && p.last < step))) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        // processes run at the same time, so the first one that ended need not be the one
        return list.slice(low, low + AT_ONCE).find((p) => p.boot === boot && p.thread === thread && p.first <= step);
    }

    /** The history of a page since the machine was switched on. */
    ofPage(pfn: number): HistoryLine[] {
        const { history, owners } = this.host.machine;
        const lines = sinceFirstOwner(history.of(pfn)).map((e): HistoryLine => {
            const by = this.preservingAt(e);
            const file = by?.file ? ` for token ${by.file.token} of session "${by.file.session}"` : '';
            return {
                boot: e.kernel - 1,
                text: `${e.kind}: ${owners.name(e.owner)}${by ? ` in ${by.callback}${file}` : ''}`,
                place: by?.place,
            };
        });
        const head = lines.slice(0, HISTORY_LIMIT / 2);
        return lines.length <= HISTORY_LIMIT ? lines : [...head, ...lines.slice(-HISTORY_LIMIT / 2)];
    }

    ofAddress(pa: number): HistoryLine[] {
        return this.ofPage(Math.floor(pa / this.host.machine.page.size));
    }
}

/** Omits reservations that ended before the page allocator got the page, such as that of the initrd. */
function sinceFirstOwner(events: readonly PageEvent[]): readonly PageEvent[] {
    const [first, second, ...more] = events;
    return first?.kind === 'reserved' && second?.kind === 'released' && more.length > 0
        ? sinceFirstOwner(more)
        : events;
}

function isPreserve({ kind, callback }: CallbackCall): boolean {
    return callback === 'preserve' && (kind === 'handler' || kind === 'flb');
}

/**
 * Session and token of the file that kernel code works on, as data of a finding; empty if there is none.
 * @param call a callback that has just returned
 */
export function fileData(host: Host, call?: CallbackCall): { readonly session?: string; readonly token?: string } {
    const { session, token } = (call && subjectOf(call)) ?? subjectAtWork(host) ?? {};
    return {
        ...(session ? { session: session.name } : {}),
        ...(token === undefined || token === null ? {} : { token: hex(token) }),
    };
}
