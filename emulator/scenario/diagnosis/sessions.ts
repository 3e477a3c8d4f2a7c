/** Sessions: lost, forgotten, out of reach, or discarded by accident. */
import type { Err } from '../../kernel/errno';
import type { Kernel } from '../../kernel/kernel';
import { LuoSession, SESSION_NAME_SIZE, SESSION_SER_SIZE } from '../../kernel/luo/state';
import { BLOCK_HEADER } from '../../kernel/kho/blocks';
import type { Process } from '../../kernel/process';
import { Table } from '../../machine/journal';
import type { Frame } from '../code';
import { hex } from '../values';
import { local, onStack } from './blame';
import { argsOf, sessionKey } from './chronicle';
import type { Rules, Scene } from './diagnoses';
import type { Datum, Say } from './diagnosis';
import { be, counted, some } from './words';

export function sessionRules(scene: Scene): Rules {
    const { vm, chronicle, say } = scene;
    /** Sessions whose RETRIEVE_SESSION could not be answered. */
    const faulted = new Table<LuoSession, true>(vm.machine.journal);

    const about = (s: LuoSession): { about: string; history: ReturnType<typeof chronicle.ofSession>; data: Record<string, Datum> } => ({
        about: s.name,
        history: chronicle.ofSession(s),
        data: { session: s.name, files: s.files.length, tokens: s.files.items.map((f) => hex(f.token)) },
    });

    /** A handler's finish() gets a file that nobody has retrieved: its data is given up. */
    const discarded = (frame: Frame): void => {
        const session = local(onStack(vm, 'luo_finish_files'), 'session');
        if (argsOf(frame)?.retrieveStatus !== 0 || !(session instanceof LuoSession)) {
            return;
        }
        const lost = session.files.items.filter((f) => f.retrieveStatus === 0);
        const files = `${counted(lost.length, 'file')} (${some(lost.map((f) => `token ${hex(f.token)}`))})`;
        const details = about(session);
        const finding = { ...details, data: { ...details.data, lost: lost.map((f) => hex(f.token)) } };
        if (onStack(vm, 'luo_session_finish')) {
            say('LU1022', { ...finding, message: `finish() of session "${session.name}" discards ${files} that nobody has retrieved.` });
        } else if (faulted.has(session)) {
            say('LU1019', { ...finding, message: `The reply of retrieve_session("${session.name}") could not be written, so the kernel finishes the session and discards ${files}.` });
        } else {
            const end = onStack(vm, 'do_exit') ? `${vm.current.name} ends with the last descriptor of` : 'the last close of';
            say('LU1024', { ...finding, message: `Session "${session.name}" is finished by its release (${end} it): ${files} ${be(lost.length)} discarded without having been retrieved.` });
        }
    };

    const unpreserved = (): void => {
        const session = local(onStack(vm, 'luo_session_release'), 'session');
        if (session instanceof LuoSession && onStack(vm, 'do_exit')) {
            const details = about(session);
            say('LU1023', {
                ...details, data: { ...details.data, process: vm.current.name },
                message: `${vm.current.name} ends and was the only one to hold session "${session.name}": its ${counted(session.files.length, 'file')} will not be handed over.`,
            });
        }
    };

    const unreachable = (s: LuoSession): void => {
        say('LU1004', { ...about(s), message: `Session "${s.name}" cannot be finished, and its last descriptor is gone: nobody can reach it any more, and its ${counted(s.files.length, 'file')} ${be(s.files.length)} held until the machine reboots.` });
    };

    /** Incoming sessions at the end, which nobody has asked for. */
    const forgotten = (kernel: Kernel, sink: Say): void => {
        for (const s of kernel.luo.incoming.sessions) {
            if (!s.retrieved && s.files.length > 0 && kernel.luo.deserialized === 0) {
                sink('LU1002', { ...about(s), message: `Session "${s.name}" came from the previous kernel with ${counted(s.files.length, 'file')}, and nobody has retrieved it.` });
            }
        }
        for (const { name, files } of unread(kernel)) {
            sink('LU1002', {
                about: name, history: chronicle.of(sessionKey(name)), data: { session: name, files },
                message: `Session "${name}" came from the previous kernel with ${counted(files, 'file')}, and nobody has even opened /dev/liveupdate.`,
            });
        }
    };

    const dropped = (kernel: Kernel): void => {
        for (const s of kernel.luo.incoming.sessions) {
            if (s.files.length > 0) {
                const state = s.retrieved ? 'is not finished' : 'was never retrieved';
                say('LU1003', { ...about(s), message: `Session "${s.name}" came from the previous kernel and ${state}: this kexec drops it, and the memory of its ${counted(s.files.length, 'file')} will be somebody else's.` });
            }
        }
        for (const { name, files } of unread(kernel)) {
            say('LU1003', {
                about: name, history: chronicle.of(sessionKey(name)), data: { session: name, files },
                message: `Session "${name}" came from the previous kernel, and nobody has even opened /dev/liveupdate: this kexec drops it and its ${counted(files, 'file')}.`,
            });
        }
    };

    /** Where the process that reboots holds a session itself, the session cannot be lost without the reboot. */
    const oneHolder = (kernel: Kernel): void => {
        const rebooting = vm.current.user?.process;
        const all = holdersOf(kernel);
        for (const s of kernel.luo.outgoing.sessions) {
            const holders = [...all.get(s) ?? []];
            const [holder] = holders;
            if (holder && holders.length === 1 && holder !== rebooting && s.files.length > 0) {
                const details = about(s);
                say('LU1005', {
                    ...details, data: { ...details.data, process: holder.name },
                    message: `Only ${holder.name} holds session "${s.name}", and ${rebooting?.name ?? 'another process'} reboots: had ${holder.name} died before, the update would have gone on without the session.`,
                });
            }
        }
    };

    return {
        callbackEntered(name: string, frame: Frame): void {
            if (frame.code.kind === 'handler') {
                if (name.endsWith('.finish')) {
                    discarded(frame);
                } else if (name.endsWith('.unpreserve')) {
                    unpreserved();
                }
            }
        },
        failed(_what: string, error: Err, frame: Frame): void {
            const { name } = frame.code;
            const session = name === 'luo_retrieve_session' || name === 'luo_session_release' ? local(frame, 'session') : undefined;
            if (!(session instanceof LuoSession)) {
                return;
            }
            if (name === 'luo_session_release') {
                unreachable(session);
            } else if (error.name === 'EFAULT') {
                faulted.set(session, true);
            }
        },
        handingOver(kernel: Kernel): void {
            dropped(kernel);
            oneHolder(kernel);
        },
        atEnd: forgotten,
    };
}

/** Which processes have descriptors of each session. */
function holdersOf(kernel: Kernel): Map<LuoSession, Set<Process>> {
    const out = new Map<LuoSession, Set<Process>>();
    for (const process of kernel.processes) {
        for (const [, { priv }] of process.fds.entries()) {
            if (priv instanceof LuoSession) {
                out.set(priv, (out.get(priv) ?? new Set()).add(process));
            }
        }
    }
    return out;
}

/** Sessions with files that lie in the blocks of the previous kernel because the device was never opened. */
function unread(kernel: Kernel): { readonly name: string; readonly files: number }[] {
    const { luo, memory } = kernel;
    const out: { name: string; files: number }[] = [];
    if (!luo.enabled || luo.deserialized !== undefined) {
        return out;
    }
    for (const pa of luo.incoming.blocks.blocks) {
        const count = Math.min(Number(memory.readU64(pa + 8)), luo.incoming.blocks.perBlock);
        for (let i = 0; i < count; i++) {
            const at = pa + BLOCK_HEADER + i * SESSION_SER_SIZE;
            const files = Number(memory.readU64(at + SESSION_NAME_SIZE + 8));
            if (files > 0) {
                const raw = memory.read(at, SESSION_NAME_SIZE);
                const end = raw.indexOf(0);
                out.push({ name: new TextDecoder('latin1').decode(end < 0 ? raw : raw.subarray(0, end)), files });
            }
        }
    }
    return out;
}
