/**
 * A hash of the whole state of a run: equal states have equal fingerprints, regardless of the path to them. Tests
 * compare checkpoints and runs with it. An exploration of schedules can use it to skip visited states.
 */
import { Updates } from '../diagnosis/updates';
import { Hwpt } from '../kernel/devices/hwpt';
import { Ioas } from '../kernel/devices/ioas';
import { PciDev } from '../kernel/devices/pci';
import { VfioFile } from '../kernel/devices/vfio';
import { OpenFile } from '../kernel/fs/file';
import { FolioList, FolioRef } from '../kernel/mm/file-folios';
import { FileHasher } from '../kernel/hash';
import { Inode } from '../kernel/fs/inode';
import type { Kernel } from '../kernel/kernel';
import { BlockIterator } from '../kernel/kho/blocks';
import { FdtBuilder } from '../kernel/kho/fdt-tree';
import {
    FlbArgs,
    LuoArgs,
    LuoFile,
    LuoFlb,
    LuoHandler,
    LuoSession,
    SessionList,
    type FlbSide,
} from '../kernel/luo/state';
import { LuoRequest } from '../kernel/luo/request';
import { Bytes } from '../machine/bytes';
import { Hasher } from '../machine/hash';
import { ListValue, RecordValue } from '../language/collections';
import { JournaledList } from '../machine/journal';
import type { Code, Frame, Thread } from '../runtime/code';
import { ScenarioProcess } from '../runtime/host/scenario-process';
import type { Value } from '../language/types';
import { ArrayView, View } from '../runtime/view';
import type { Host } from '../runtime/host/host';

const codes = new WeakMap<Code, number>();

function hashOfCode(code: Code): number {
    let hash = codes.get(code);
    if (hash === undefined) {
        hash = new Hasher().str(code.name).value();
        codes.set(code, hash);
    }
    return hash;
}

/** The ids of preserved files, a set, in a fixed order: inodes by their numbers, then the other ids as inserted. */
function inOrder(ids: readonly unknown[]): unknown[] {
    const number = (id: unknown): number => (id instanceof Inode ? id.ino : Infinity);
    return ids.toSorted((a, b) => (number(a) < number(b) ? -1 : number(a) > number(b) ? 1 : 0));
}

class Fingerprint {
    private readonly files: FileHasher;
    /** Lists and records whose state is added, by order. */
    private readonly collections = new Map<object, number>();

    /** @param past whether what only tells how the run came here counts, too */
    constructor(
        readonly hasher: Hasher,
        private readonly past: boolean,
    ) {
        this.files = new FileHasher(hasher);
    }

    run(host: Host): void {
        const { hasher } = this;
        host.machine.hash(hasher, this.past);
        if (this.past) {
            host.machine.clock.hash(hasher);
            hasher.num(host.interpreter.ticks);
        }
        host.guests.hash(hasher);
        Updates.of(host)?.hash(hasher);
        hasher
            .num(host.interpreter.current.id)
            .str(host.panicMessage)
            .str(host.kernelState.panicExpected ?? '\0')
            .str(host.interpreter.outcome?.failure?.message ?? '');
        for (const i of host.injections.items) {
            hasher
                .str(i.target)
                .str(i.error?.name ?? 'no')
                .num(i.skip)
                .num(i.left)
                .num(i.boot);
        }
        const { always, finally: last, stoppedBy } = host.hooks;
        hasher
            .u32(always.length)
            .u32(last.length)
            .str(stoppedBy?.message ?? '');
        for (const id of host.deadThreads.keys()) {
            hasher.num(id);
        }
        for (const thread of host.interpreter.threads) {
            this.thread(thread);
            for (const frame of thread.frames) {
                this.frame(frame);
            }
        }
        if (host.interpreter.scheduler.used) {
            host.interpreter.scheduler.hash(hasher);
        }
        for (const process of host.processes) {
            hasher
                .str(process.name)
                .num(process.callsLeft)
                .u32(process.killed ? 1 : 0)
                .str(process.oopsExpected ?? '\0');
            for (const [name, value] of process.vars) {
                hasher.str(name);
                this.value(value);
            }
        }
        if (host.kernel) {
            this.kernel(host.kernel);
        }
    }

    private thread({ id, name, waiting, locks }: Thread): void {
        const { hasher } = this;
        hasher
            .num(id)
            .str(name)
            .num(waiting?.kind === 'thread' ? waiting.thread.id : 0);
        if (waiting?.kind === 'sleep') {
            hasher.num(waiting.until);
        }
        for (const lock of waiting?.kind === 'lock' ? [waiting.lock, ...locks] : locks) {
            hasher.str(lock.name);
            for (const { task, mode } of [...lock.holders, ...lock.queue]) {
                hasher.num(task.id).str(mode);
            }
        }
    }

    private frame(frame: Frame): void {
        const { hasher } = this;
        hasher
            .num(hashOfCode(frame.code))
            .num(frame.pc)
            .num(frame.resultSlot)
            .str(frame.mode)
            .str(frame.failing?.name ?? '');
        for (const undo of frame.undos) {
            hasher.num(undo.pc);
            for (const c of undo.captured) {
                this.value(c.value);
            }
        }
        for (const v of frame.slots) {
            this.value(v);
        }
    }

    private kernel(k: Kernel): void {
        const { hasher } = this;
        hasher.str(k.desc.name).str(k.commandLine.text).num(k.boot);
        k.memmap.hash(hasher);
        k.pages.hash(hasher);
        k.vmalloc.hash(hasher);
        k.kho.hash(hasher);
        k.kexecImage?.hash(hasher);
        for (const { addr, size } of k.crashKernel) {
            hasher.num(addr).num(size);
        }
        const { kernel, commandLine, parameters } = k.crashImage ?? { kernel: '', commandLine: '', parameters: 0 };
        hasher.str(kernel).str(commandLine).num(parameters);
        k.devices.hash(hasher);
        k.kstate.hash(hasher);
        hasher.num(k.backgroundMemory.pages);
        k.tee?.hash(hasher);
        for (const guest of k.vms) {
            guest.hash(hasher);
        }
        this.files.kernel(k);
        for (const file of k.releasing) {
            this.files.file(file);
        }
        for (const line of k.log) {
            hasher
                .str(line.level)
                .str(line.text)
                .num(this.past ? line.time : 0);
        }
        const { luo } = k;
        hasher
            .u32(luo.enabled ? 1 : 0)
            .u32(luo.ready ? 1 : 0)
            .u32(luo.deviceInUse ? 1 : 0)
            .num(luo.deserialized ?? 1);
        hasher.u32(luo.state).num(luo.outgoing.area).num(luo.incoming.area);
        hasher.str(String(luo.incomingNum)).num(luo.ser).num(luo.flbPage).num(luo.incomingFlbPage);
        this.object(luo.outgoing);
        this.object(luo.incoming);
        for (const handler of luo.handlers) {
            this.object(handler);
        }
        for (const flb of luo.flbs) {
            this.object(flb);
        }
        for (const id of inOrder([...luo.preservedFiles.keys()])) {
            this.value(id as Value);
        }
    }

    private value(v: Value): void {
        const { hasher } = this;
        switch (typeof v) {
            case 'number':
                hasher.u32(1).num(v);
                return;
            case 'bigint':
                hasher.u32(2).str(v.toString());
                return;
            case 'string':
                hasher.u32(3).str(v);
                return;
            case 'boolean':
                hasher.u32(v ? 5 : 4);
                return;
            case 'object':
                if (v === null) {
                    hasher.u32(6);
                } else {
                    this.object(v);
                }
                return;
            default:
                hasher.u32(7);
        }
    }

    private object(o: object): void {
        const { hasher, files } = this;
        if (o instanceof OpenFile) {
            files.file(o);
            for (const f of o.fields) {
                this.value(f as Value);
            }
        } else if (o instanceof Inode) {
            files.inode(o);
        } else if (o instanceof View || o instanceof ArrayView) {
            hasher.num(o.base).num(o.area?.size ?? 0);
        } else if (o instanceof FolioRef) {
            hasher.num(o.pfn);
        } else if (o instanceof FolioList) {
            hasher.u32(o.length).num(o.length > 0 ? o.pfn(0) : 0);
        } else if (o instanceof Bytes) {
            if (this.past) {
                hasher.str(o.fnv1a64());
            } else {
                o.hash(hasher);
            }
        } else if (o instanceof ListValue || o instanceof RecordValue) {
            this.collection(o);
        } else if (o instanceof JournaledList) {
            hasher.u32(o.length);
            for (const x of o.items) {
                this.value(x as Value);
            }
        } else if (o instanceof FdtBuilder) {
            hasher.u32(o.steps.length);
        } else if (o instanceof BlockIterator) {
            hasher.num(o.block).num(o.slot);
        } else if (o instanceof ScenarioProcess) {
            hasher.str(o.name);
        } else {
            this.luo(o);
        }
    }

    /** A list or record of the program, which may contain itself: its state is added once. */
    private collection(o: ListValue | RecordValue): void {
        const { hasher, collections } = this;
        const before = collections.get(o);
        if (before !== undefined) {
            hasher.u32(8).num(before);
            return;
        }
        collections.set(o, collections.size);
        if (o instanceof ListValue) {
            hasher.u32(o.length);
            for (const x of o.items) {
                this.value(x);
            }
            return;
        }
        for (const [name, x] of o) {
            hasher.str(name);
            this.value(x);
        }
    }

    private luo(o: object): void {
        const { hasher, files } = this;
        if (o instanceof LuoArgs) {
            this.value(o.file);
            this.value(o.serializedData);
            this.value(o.privateData as Value);
        } else if (o instanceof FlbArgs) {
            this.value(o.data);
            this.value(o.obj as Value);
        } else if (o instanceof LuoRequest) {
            hasher.num(o.nr).str(o.name);
        } else if (!files.known(o)) {
            this.shared(o);
        }
    }

    /** Objects with several references: their state is added once. */
    private shared(o: object): void {
        const { hasher } = this;
        if (o instanceof SessionList) {
            o.blocks.hash(hasher);
            for (const s of o.sessions.items) {
                this.object(s);
            }
        } else if (o instanceof LuoSession) {
            hasher
                .str(o.name)
                .u32(o.retrieved ? 1 : 0)
                .u32((o.finished ? 1 : 0) | (o.frozen ? 2 : 0))
                .num(o.cursor)
                .num(o.area)
                .u32(o.state);
            o.fileBlocks.hash(hasher);
            this.value(o.file);
            for (const f of o.files.items) {
                this.object(f);
            }
        } else if (o instanceof LuoFile) {
            this.value(o.token);
            this.value(o.serializedData);
            this.value(o.privateData as Value);
            this.value(o.file);
            hasher.num(o.retrieveStatus).u32(o.state);
            this.value(o.id as Value);
        } else if (o instanceof VfioFile) {
            hasher.str(o.device.device.shape.name).u32(o.bound ? 1 : 0);
        } else if (o instanceof Ioas || o instanceof Hwpt || o instanceof PciDev) {
            o.hash(hasher);
        } else if (o instanceof LuoHandler) {
            hasher.u32(o.unloaded ? 1 : 0);
            hasher.str(o.name);
        } else if (o instanceof LuoFlb) {
            hasher.str(o.name);
            this.side(o.outgoing);
            this.side(o.incoming);
        } else {
            hasher.str(o.constructor.name);
        }
    }

    private side(s: FlbSide): void {
        this.hasher
            .num(s.count)
            .u32(s.finished ? 1 : 0)
            .num(s.retrieveStatus);
        this.value(s.data);
        this.value(s.obj as Value);
    }
}

/** The fingerprint of a run as 16 hexadecimal digits. */
export function fingerprint(host: Host): string {
    const hasher = new Hasher();
    new Fingerprint(hasher, true).run(host);
    return hasher.digest();
}

/**
 * Adds what the future of a run depends on: not the number of operations, the history of pages, the times of log lines,
 * or what the time was spent on. Equal bytes in variables count as different if they have other extents.
 */
export function hashFuture(host: Host, hasher: Hasher): void {
    new Fingerprint(hasher, false).run(host);
}
