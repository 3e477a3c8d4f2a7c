/** Files that change after their freeze(), and files that stay frozen after a failed reboot. */
import { Err } from '../kernel/release/errno';
import type { LuoArgs, LuoFile } from '../kernel/luo/state';
import type { OpenFile } from '../kernel/fs/file';
import { EventCounter } from '../kernel/fs/eventfd';
import { Pipe } from '../kernel/fs/pipe';
import { SocketEnd } from '../kernel/fs/socket';
import { ShmemInode } from '../kernel/fs/shmem';
import { JournaledMap } from '../machine/journal';
import { hasCallback } from '../runtime/host/callbacks';
import type { StructLayout } from '../language/layout';
import type { Place } from '../findings/place';
import type { Value } from '../language/types';
import { format } from '../language/values';
import type { ArrayView } from '../runtime/view';
import { ruleFile } from './rules';
import type { HistoryLine } from '../findings/diagnosis';
import { capital, hex } from '../text/text';

/** State of a file that is lost if it changes after the freeze: everything but its memory. */
type State = readonly (readonly [name: string, value: unknown])[];

/** Longer arrays, in bytes, are not compared: a copy would cost too much. */
const ARRAY_LIMIT = 0x10_0000;

/** The structure that a file hands over, or an array that the structure describes, with its bytes at the freeze. */
interface Written {
    /** `State at 0x1000` */
    readonly what: string;
    readonly pa: number;
    /** Null: the structure itself. */
    readonly array: ArrayView | null;
    readonly bytes: Uint8Array;
}

interface Frozen {
    readonly file: LuoFile;
    /** `memfd.freeze` */
    readonly callback: string;
    readonly state: State;
    readonly written: readonly Written[];
    readonly place: Place | undefined;
}

export const frozenRules = ruleFile(['LU1070', 'LU1075'], ({ host, chronicle, say }) => {
    const { machine } = host;
    const frozen = new JournaledMap<LuoFile, Frozen>(machine.journal);
    /** Structures at the start of a page: those of kho.alloc_preserve(), which handlers hand over. */
    const structs = new JournaledMap<number, StructLayout>(machine.journal);
    /** Arrays by the addresses of their descriptors. */
    const arrays = new JournaledMap<number, ArrayView>(machine.journal);

    const all = (): Frozen[] => [...frozen.keys()].flatMap((file) => frozen.get(file) ?? []);

    const writtenBy = ({ serializedData: pa }: LuoArgs): readonly Written[] => {
        const layout = typeof pa === 'number' ? structs.get(pa) : undefined;
        if (typeof pa !== 'number' || !layout || !machine.isRam(pa, layout.size)) {
            return [];
        }
        const out: Written[] = [
            { what: `${layout.name} at ${hex(pa)}`, pa, array: null, bytes: machine.memory.read(pa, layout.size) },
        ];
        for (let at = pa; at < pa + layout.size; at += 8) {
            const array = arrays.get(at);
            if (array && array.length * array.stride <= ARRAY_LIMIT) {
                out.push({ what: `array of ${array.display()}`, pa: array.pa, array, bytes: array.bytes() });
            }
        }
        return out;
    };

    const stateOf = (file: OpenFile | null): State => {
        if (file?.inode instanceof ShmemInode) {
            return [['the position', file.pos]];
        }
        if (file?.priv instanceof EventCounter) {
            return [['the count', file.priv.count]];
        }
        if (file?.priv instanceof Pipe) {
            return [['the content', file.priv.data]];
        }
        if (file?.priv instanceof SocketEnd) {
            return [['what was sent to', file.priv.here.received]];
        }
        const names = file
            ? (host.declarations.fileKind(file.kind)?.decl.fields.map((f) => `\`${f.name.name}\``) ?? [])
            : [];
        return names.map((name, i) => [name, file?.fields[i]]);
    };

    const about = ({
        file,
        place,
    }: Frozen): { history: readonly HistoryLine[]; data: { session: string; token: string } } => ({
        history: [...chronicle.ofFile(file), { boot: host.boot, text: `frozen (${file.handler.name})`, place }],
        data: { session: file.session.name, token: hex(file.token) },
    });

    const name = ({ file }: Frozen): string => `token ${hex(file.token)} of session "${file.session.name}"`;

    /** LU1070 */
    const compare = (): void => {
        for (const f of all()) {
            const changed = f.written.find(
                (w) => !sameBytes(w.bytes, w.array ? w.array.bytes() : machine.memory.read(w.pa, w.bytes.length)),
            );
            if (changed) {
                const { history, data } = about(f);
                say('LU1070', {
                    about: `${name(f)} data`,
                    history: [...history, ...chronicle.damage()],
                    data: { ...data, what: changed.what, address: hex(changed.pa) },
                    message: `The ${changed.what}, which ${name(f)} hands over, changed after ${f.callback} ran: the next kernel reads data that freeze() did not write.`,
                });
            }
            const before = new Map(f.state);
            for (const [what, value] of stateOf(f.file.file)) {
                const old = before.get(what);
                if (!Object.is(old, value) && shown(old) !== shown(value)) {
                    const { history, data } = about(f);
                    say('LU1070', {
                        about: `${name(f)} ${what}`,
                        history,
                        data: { ...data, what, was: shown(old), is: shown(value) },
                        message: `${capital(what)} of ${name(f)} was ${shown(old)} when ${f.callback} ran and is ${shown(value)} now: the next kernel gets the old value.`,
                    });
                }
            }
        }
    };

    /**
     * A frozen session is closed: kernels before 7.2 allow this while the other sessions are frozen. One that was
     * frozen early (SESSION_FREEZE) is unfrozen first, also where its handlers have no unfreeze().
     */
    const unpreserved = (file: LuoFile): void => {
        const f = frozen.get(file);
        frozen.delete(file);
        if (f && chronicle.isReleased(file.session) && host.kernel?.desc.layers.has('session_freeze') !== true) {
            const { history, data } = about(f);
            say('LU1070', {
                about: `${name(f)} unpreserved`,
                history,
                data: { ...data, what: 'preserved', was: 'true', is: 'false' },
                message: `${capital(name(f))} was unpreserved after ${f.callback} ran: the handover still lists it, and the next kernel finds memory of another owner.`,
                advice: 'Close no session during a reboot, or use a kernel in which the reboot blocks such a close (7.2 and later).',
            });
        }
    };

    /** LU1075. `error`: of the reboot; undefined: the kernel has come back from the kexec. */
    const leftFrozen = (error: Err | undefined): void => {
        for (const f of all()) {
            if (hasCallback(host, f.file.handler, 'unfreeze')) {
                const { history, data } = about(f);
                const what = error
                    ? `The reboot failed with ${error.name} after ${f.callback} had run for ${name(f)}`
                    : `The kernel is back from a kexec for which ${f.callback} had run for ${name(f)}`;
                say('LU1075', {
                    about: name(f),
                    history,
                    data: { ...data, error: error?.name ?? null },
                    message: `${what}, but this kernel does not call unfreeze(): the file stays frozen while processes continue to use it.`,
                });
            }
        }
        frozen.clear();
    };

    return {
        viewed(layout, pa): void {
            if (pa % machine.page.size === 0) {
                structs.set(pa, layout);
            }
        },
        described(array, descriptor): void {
            arrays.set(descriptor, array);
        },
        callbackLeft(call, result, place): void {
            const args = call.kind === 'handler' ? call.args : null;
            if (!args) {
                return;
            }
            const { luoFile } = args;
            if (call.callback === 'freeze' && !(result instanceof Err)) {
                frozen.set(luoFile, {
                    file: luoFile,
                    callback: call.name,
                    state: stateOf(luoFile.file),
                    written: writtenBy(args),
                    place,
                });
            } else if (call.callback === 'unpreserve') {
                unpreserved(luoFile);
            } else if (call.callback === 'unfreeze') {
                frozen.delete(luoFile);
            }
        },
        anyCallReturned(work, result): void {
            if (frozen.size === 0) {
                return;
            }
            if (work.kind === 'reboot' && result instanceof Err) {
                leftFrozen(result);
            } else {
                compare();
            }
        },
        cameBack: () => leftFrozen(undefined),
        phase(phase): void {
            if (phase === 'jump') {
                compare();
            } else if (phase === 'boot') {
                frozen.clear();
                structs.clear();
                arrays.clear();
            }
        },
    };
});

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
    return a.every((x, i) => x === b[i]);
}

function shown(v: unknown): string {
    return format(v as Value);
}
