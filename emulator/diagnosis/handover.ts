/** Whether the kernel that is about to start will understand what it gets; and whether the one that has started did. */
import { joiningFlbs } from '../kernel/release/layers';
import type { Kernel } from '../kernel/kernel';
import type { KernelDescription } from '../kernel/release/descriptions';
import { COMPATIBLE_SIZE, FLB_HEADER_SIZE, FLB_SER_SIZE, maxFlbs } from '../kernel/luo/abi';
import type { BlockSet } from '../kernel/kho/blocks';
import { JournaledRecord, type Journal } from '../machine/journal';
import { resolveKernel, type BootableKernel } from '../runtime/host/kernels';
import { flbKey, IMAGE, sessionKey } from './chronicle';
import { ruleFile } from './rules';
import type { Scene } from './scene';
import type { HistoryLine } from '../findings/diagnosis';
import { be, some } from './wording';
import { counted, hex } from '../text/text';

/** Keys of the chronicle. */
const REFUSED = 'refused sessions';
const MISMATCH = 'formats that do not match';

/** Whether it was said before the kexec that the kernel which runs now would not understand what it gets. */
export function saidToDiffer({ host, chronicle }: Pick<Scene, 'host' | 'chronicle'>): boolean {
    return chronicle.of(`${MISMATCH} ${host.boot}`).length > 0;
}

/** The LUO that hands FLBs over as structs in one page; before that they are an FDT. */
const WITH_FLB_PAGE = 'luo-v5';

/** What went over at the last kexec, for the kernel that came of it. */
class HandedOver extends JournaledRecord {
    readonly sessions: number = 0;
    readonly files: number = 0;
    readonly release: string = '';

    constructor(journal: Journal) {
        super(journal);
    }
}

/** What a kernel does with a file that it has no handler for. */
function withoutHandler({ flaws }: KernelDescription): string {
    return flaws.has('luo_file_errors_ignored')
        ? 'the session will be there without it, and nobody is told'
        : '/dev/liveupdate will give EIO there, and no session can be had';
}

export const handoverRules = ruleFile(
    ['LU1008', 'LU1014', 'LU1015', 'LU1016', 'LU1018', 'LU1025', 'LU1069'],
    (scene) => {
        const { host, chronicle, say } = scene;
        const { journal } = host.machine;
        const sent = new HandedOver(journal);

        const filesOf = (kernel: Kernel): number =>
            kernel.luo.outgoing.sessions.items.reduce((sum, s) => sum + s.files.length, 0);

        /** F-07: a block without entries is corruption to the next kernel. */
        const emptyBlocks = (kernel: Kernel): void => {
            const { outgoing } = kernel.luo;
            const check = (
                set: BlockSet,
                entries: number,
                what: string,
                about: string,
                effect: string,
                history: readonly HistoryLine[],
            ): void => {
                const empty = set.blocks.length - Math.ceil(entries / set.perBlock);
                if (entries > 0 && empty > 0) {
                    say('LU1008', {
                        about,
                        history,
                        data: {
                            set: about,
                            entries,
                            blocks: set.blocks.length,
                            perBlock: set.perBlock,
                            address: hex(set.blocks.at(-1) ?? 0),
                        },
                        message: `${what} fill ${counted(set.blocks.length - empty, 'block')}, but ${counted(set.blocks.length, 'block')} are handed over, the last one empty: ${effect}.`,
                    });
                }
            };
            check(
                outgoing.blocks,
                outgoing.sessions.length,
                counted(outgoing.sessions.length, 'session'),
                'sessions',
                'the next kernel takes that for corruption and panics',
                chronicle.of(REFUSED),
            );
            for (const s of outgoing.sessions) {
                check(
                    s.fileBlocks,
                    s.files.length,
                    `The ${counted(s.files.length, 'file')} of session "${s.name}"`,
                    s.name,
                    'the next kernel takes that for corruption, and /dev/liveupdate gives EIO',
                    chronicle.ofSession(s),
                );
            }
        };

        /** @returns whether the next kernel will find the sessions at all */
        const formats = (kernel: Kernel, next: BootableKernel): boolean => {
            const pairs = [
                {
                    part: 'KHO',
                    from: kernel.desc.kho.compatible,
                    to: next.desc.khoBuilt ? next.desc.kho.compatible : undefined,
                    effect: 'it will boot as if nothing had been preserved',
                },
                {
                    part: 'LUO',
                    from: kernel.desc.luo?.compatible,
                    to: next.desc.luo?.compatible,
                    effect: 'it cannot know what it must not touch, and panics',
                },
                ...[...(next.desc.luo?.nodes ?? [])].map(([part, to]) => ({
                    part,
                    from: kernel.desc.luo?.nodes.get(part),
                    to,
                    effect: 'it cannot know what it must not touch, and panics',
                })),
            ];
            const different = pairs.find((p) => p.from !== p.to);
            if (different && filesOf(kernel) > 0) {
                const { part, from, to, effect } = different;
                chronicle.note(`${MISMATCH} ${host.boot + 1}`, part);
                say('LU1016', {
                    about: 'formats',
                    history: chronicle.of(IMAGE),
                    data: { part, from: from ?? null, to: to ?? null, kernel: next.desc.name },
                    message:
                        to === undefined
                            ? `"${next.desc.name}" has no ${part}: nobody there looks at the ${counted(filesOf(kernel), 'file')} that ${be(filesOf(kernel))} handed over.`
                            : `${from === undefined ? `This kernel hands over no ${part}, and "${next.desc.name}" wants` : `${part} of this kernel hands over "${from}", and that of "${next.desc.name}" understands`} "${to}"${from === undefined ? '' : ' only'}: ${effect}.`,
                });
            }
            return different === undefined;
        };

        const counterparts = (kernel: Kernel, next: BootableKernel): void => {
            // a module may be loaded in time: who does not finds out there
            const library = host.declarations.library(next.desc.library);
            const declared = [...next.handlers, ...next.modules].flatMap(
                (name) => host.declarations.handler(name, library)?.decl ?? [],
            );
            const handlers = new Set(declared.map((d) => d.compatible.value));
            const used = declared.flatMap((d) => [
                ...d.uses.map((use) => use.name),
                ...joiningFlbs(next.desc.layers, d.name.name),
            ]);
            const flbs = new Set(used.map((name) => host.declarations.flb(name, library)?.decl.compatible.value));
            const known = [...handlers].map((h) => `"${h}"`);
            for (const s of kernel.luo.outgoing.sessions) {
                for (const f of s.files) {
                    const { compatible } = f.handler;
                    if (!handlers.has(compatible)) {
                        say('LU1014', {
                            about: compatible,
                            history: chronicle.ofFile(f),
                            data: {
                                compatible,
                                session: s.name,
                                token: hex(f.token),
                                kernel: next.desc.name,
                                known: [...handlers],
                            },
                            message: `"${next.desc.name}" has no handler "${compatible}" (it has ${known.length > 0 ? some(known) : 'none'}), which preserved token ${hex(f.token)} of session "${s.name}": ${withoutHandler(next.desc)}.`,
                        });
                    }
                }
            }
            for (const flb of kernel.luo.flbs) {
                if (flb.outgoing.count > 0 && !flbs.has(flb.compatible)) {
                    say('LU1015', {
                        about: flb.compatible,
                        history: chronicle.of(flbKey(flb.name)),
                        data: { flb: flb.name, compatible: flb.compatible, kernel: next.desc.name },
                        message: `"${next.desc.name}" does not know FLB "${flb.compatible}": its data is ignored there and held until the machine reboots.`,
                    });
                }
            }
        };

        /** Entries of the FLB page that came over, of which no handler here has ever heard. */
        const unknownFlbs = (kernel: Kernel): void => {
            const { luo, memory } = kernel;
            if (
                !luo.enabled ||
                luo.incomingFlbPage === 0 ||
                kernel.desc.luo?.compatible !== WITH_FLB_PAGE ||
                !host.machine.isRam(luo.incomingFlbPage, kernel.page.size)
            ) {
                return;
            }
            const count = Math.min(Number(memory.readU64(luo.incomingFlbPage + 8)), maxFlbs(kernel.page));
            for (let i = 0; i < count; i++) {
                const raw = memory.read(luo.incomingFlbPage + FLB_HEADER_SIZE + i * FLB_SER_SIZE, COMPATIBLE_SIZE);
                const end = raw.indexOf(0);
                const compatible = new TextDecoder('latin1').decode(end < 0 ? raw : raw.subarray(0, end));
                if (!luo.flbs.items.some((f) => f.compatible === compatible)) {
                    say('LU1015', {
                        about: compatible,
                        data: { compatible, kernel: kernel.desc.name },
                        message: `This kernel was handed FLB "${compatible}", and no handler of it uses one of this name: its data is ignored and held until the machine reboots.`,
                    });
                }
            }
        };

        return {
            sessionRefused(session): void {
                if (!session.incoming) {
                    chronicle.note(
                        REFUSED,
                        `create_session("${session.name}") was refused with EEXIST, after room had been made for it`,
                    );
                }
            },
            moduleGone(handler, files): void {
                const [first] = files;
                if (first) {
                    say('LU1069', {
                        about: handler.name,
                        history: chronicle.ofFile(first),
                        data: {
                            handler: handler.name,
                            compatible: handler.compatible,
                            session: first.session.name,
                            token: hex(first.token),
                            files: files.length,
                        },
                        message: `The module of ${handler.name} is unloaded, but ${counted(files.length, 'file')} (token ${hex(first.token)} of session "${first.session.name}") ${be(files.length)} preserved by it: the next callback is a call into nowhere, and the kernel panics.`,
                    });
                }
            },
            cameBack(image): void {
                const { kernel } = host;
                const files = kernel ? filesOf(kernel) : 0;
                if (kernel && files > 0 && !kernel.desc.flaws.has('luo_freezes_for_return')) {
                    const sessions = kernel.luo.outgoing.sessions.length;
                    say('LU1018', {
                        about: 'image',
                        history: chronicle.of(IMAGE),
                        data: { kernel: image.kernel, files, sessions },
                        message: `The image is loaded to be come back from (KEXEC_PRESERVE_CONTEXT), so LUO is not asked: "${image.kernel}" is told of no handover, and has to keep out of the memory of ${counted(files, 'file')} in ${counted(sessions, 'session')} by itself; this kernel goes on behind it as if nothing had been.`,
                        advice: 'For a live update load the kernel with kexec_file_load(); before a jump that comes back close the sessions.',
                    });
                }
            },
            handingOver(kernel): void {
                const image = kernel.kexecImage;
                const files = filesOf(kernel);
                const e = journal.edit(sent);
                e.sessions = kernel.luo.outgoing.sessions.length;
                e.files = files;
                e.release = kernel.desc.release;
                if (!image) {
                    return;
                }
                if (!image.kho) {
                    if (files > 0) {
                        say('LU1018', {
                            about: 'image',
                            history: chronicle.of(IMAGE),
                            data: { kernel: image.kernel, files, sessions: e.sessions },
                            message: `The loaded kernel "${image.kernel}" is told of no handover, but ${counted(files, 'file')} in ${counted(e.sessions, 'session')} ${be(files)} preserved: it takes that memory for its own.`,
                        });
                    }
                    e.files = 0;
                    return;
                }
                emptyBlocks(kernel);
                const next = resolveKernel(host.declarations.program, image.kernel);
                if (formats(kernel, next)) {
                    counterparts(kernel, next);
                } else {
                    e.files = 0;
                }
            },
            /** A kernel is up: did it look at what it was given? */
            phase(phase): void {
                const { kernel } = host;
                if (phase === 'running' && kernel) {
                    unknownFlbs(kernel);
                }
                if (phase !== 'running' || !kernel?.kho.isKhoBoot || sent.files === 0) {
                    return;
                }
                const off = [
                    ...(kernel.commandLine.kho ? [] : ['kho=on']),
                    ...(kernel.commandLine.liveupdate ? [] : ['liveupdate=on']),
                ];
                if (off.length > 0) {
                    say('LU1025', {
                        about: 'parameters',
                        history: chronicle.of(IMAGE),
                        data: { cmdline: kernel.commandLine.text, missing: off, files: sent.files },
                        message: `This kernel was handed ${counted(sent.files, 'preserved file')}, but runs without ${off.join(' ')}: there is no /dev/liveupdate, and the memory is held until the machine reboots.`,
                    });
                }
            },
            handlerMissing(compatible, session): void {
                const name = session?.name ?? '';
                say('LU1014', {
                    about: compatible,
                    history: chronicle.of(sessionKey(name)),
                    data: { compatible, session: name },
                    message: `This kernel has no handler "${compatible}" for a file of session "${name}": ${host.kernel?.desc.flaws.has('luo_file_errors_ignored') === true ? 'the session is there without it, and nobody is told' : 'from now on /dev/liveupdate gives EIO, and everything that was handed over is held until the machine reboots'}.`,
                });
            },
            handoverIncompatible(part, expected, found): void {
                // where the kexec was not seen, or the image came from elsewhere
                if (!saidToDiffer(scene)) {
                    say('LU1016', {
                        about: 'formats',
                        data: { part, to: expected, from: found },
                        message:
                            found === null
                                ? `This kernel understands "${expected}" of ${part} and was handed something else: it boots as if nothing had been preserved.`
                                : `This kernel understands "${expected}" of ${part} and was handed "${found}": it cannot know what it must not touch, and panics.`,
                    });
                }
            },
        };
    },
);
