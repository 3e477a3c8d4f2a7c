/** Whether the next kernel understands what is handed over: checked before the kexec, and again when it is up. */
import { BY_WORDS, baseOf, handlerString } from '../kernel/release/formats';
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
import { decodeName } from '../text/utf8';

/** Keys of the chronicle. */
const REFUSED = 'refused sessions';
const MISMATCH = 'formats that do not match';

/** Whether a format mismatch of the running kernel was reported before the kexec that started it. */
export function mismatchReported({ host, chronicle }: Pick<Scene, 'host' | 'chronicle'>): boolean {
    return chronicle.of(`${MISMATCH} ${host.boot}`).length > 0;
}

/** The formats of LUO that hand FLBs over as structs in one page; earlier formats use an FDT. */
const WITH_FLB_PAGE: ReadonlySet<string> = new Set(['luo-v5', BY_WORDS]);

/** What was handed over at the last kexec to the kernel that it started. */
class HandedOver extends JournaledRecord {
    readonly sessions: number = 0;
    readonly files: number = 0;
    readonly release: string = '';

    constructor(journal: Journal) {
        super(journal);
    }
}

/** What a kernel does with a file without a handler. */
function withoutHandler({ flaws }: KernelDescription): string {
    return flaws.has('luo_file_errors_ignored')
        ? 'in that kernel, the session will exist without it, and no error says so'
        : 'in that kernel, opening /dev/liveupdate will fail with EIO, and no session can be retrieved';
}

export const handoverRules = ruleFile(
    ['LU1008', 'LU1014', 'LU1015', 'LU1016', 'LU1018', 'LU1025', 'LU1069', 'LU1145'],
    (scene) => {
        const { host, chronicle, say } = scene;
        const { journal } = host.machine;
        const sent = new HandedOver(journal);

        const filesOf = (kernel: Kernel): number =>
            kernel.luo.outgoing.sessions.items.reduce((sum, s) => sum + s.files.length, 0);

        /** LU1008: the next kernel takes a block without entries for corruption. */
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
                        message: `${what} ${entries === 1 ? 'fills' : 'fill'} ${counted(set.blocks.length - empty, 'block')}, but ${counted(set.blocks.length, 'block')} are handed over, the last one empty: ${effect}.`,
                    });
                }
            };
            check(
                outgoing.blocks,
                outgoing.sessions.length,
                counted(outgoing.sessions.length, 'session'),
                'sessions',
                'the next kernel takes this for corruption and panics',
                chronicle.of(REFUSED),
            );
            for (const s of outgoing.sessions) {
                check(
                    s.fileBlocks,
                    s.files.length,
                    `The ${counted(s.files.length, 'file')} of session "${s.name}"`,
                    s.name,
                    'the next kernel takes this for corruption, and opening /dev/liveupdate fails with EIO',
                    chronicle.ofSession(s),
                );
            }
        };

        /** @returns whether the next kernel can find the sessions */
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
                    effect: 'it cannot know which memory is preserved, and panics',
                },
                ...[...(next.desc.luo?.nodes ?? [])].map(([part, to]) => ({
                    part,
                    from: kernel.desc.luo?.nodes.get(part),
                    to,
                    effect: 'it cannot know which memory is preserved, and panics',
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
                            ? `"${next.desc.name}" has no ${part} and ignores the ${counted(filesOf(kernel), 'file')} that ${be(filesOf(kernel))} handed over.`
                            : from === undefined
                              ? `This kernel hands over no ${part}, but "${next.desc.name}" expects "${to}": ${effect}.`
                              : `${part} of this kernel hands over "${from}", but ${part} of "${next.desc.name}" understands only "${to}": ${effect}.`,
                });
            }
            return different === undefined;
        };

        const counterparts = (kernel: Kernel, next: BootableKernel): void => {
            // a module may be loaded in time; if it is not, the next kernel reports it
            const library = host.declarations.library(next.desc.library);
            const declared = [...next.handlers, ...next.modules].flatMap(
                (name) => host.declarations.handler(name, library)?.decl ?? [],
            );
            const handlers = new Set(declared.map((d) => handlerString(next.desc, d.compatible.value)));
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
                        message: `"${next.desc.name}" does not know FLB "${flb.compatible}": it ignores the data of the FLB, and holds it until the machine reboots.`,
                    });
                }
            }
        };

        /** LU1015: entries of the incoming FLB page that no handler of this kernel uses. */
        const unknownFlbs = (kernel: Kernel): void => {
            const { luo, memory } = kernel;
            if (
                !luo.enabled ||
                luo.incomingFlbPage === 0 ||
                !WITH_FLB_PAGE.has(baseOf(kernel.desc.luo?.compatible ?? '')) ||
                !host.machine.isRam(luo.incomingFlbPage, kernel.page.size)
            ) {
                return;
            }
            const count = Math.min(Number(memory.readU64(luo.incomingFlbPage + 8)), maxFlbs(kernel.page));
            for (let i = 0; i < count; i++) {
                const at = luo.incomingFlbPage + FLB_HEADER_SIZE + i * FLB_SER_SIZE;
                const compatible = decodeName(memory.read(at, COMPATIBLE_SIZE));
                if (!luo.flbs.items.some((f) => f.compatible === compatible)) {
                    say('LU1015', {
                        about: compatible,
                        data: { compatible, kernel: kernel.desc.name },
                        message: `This kernel was handed FLB "${compatible}", but none of its handlers uses an FLB of this name: the data of the FLB is ignored, and held until the machine reboots.`,
                    });
                }
            }
        };

        return {
            sessionRefused(session): void {
                if (!session.incoming) {
                    chronicle.note(
                        REFUSED,
                        `create_session("${session.name}") failed with EEXIST after making room for the session`,
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
                        message: `The module of ${handler.name} is unloaded, but it has preserved ${counted(files.length, 'file')} (${files.length > 1 ? 'the first is ' : ''}token ${hex(first.token)} of session "${first.session.name}"): the next callback calls unloaded code, and the kernel panics.`,
                    });
                }
            },
            cameBack(image): void {
                const { kernel } = host;
                const files = kernel ? filesOf(kernel) : 0;
                if (kernel && files > 0) {
                    const sessions = kernel.luo.outgoing.sessions.length;
                    const asked = kernel.desc.flaws.has('luo_freezes_for_return');
                    const exposed = `"${image.kernel}" got no handover, and nothing kept it from writing to the memory of ${counted(files, 'file')} in ${counted(sessions, 'session')}`;
                    say(asked ? 'LU1145' : 'LU1018', {
                        about: 'image',
                        history: chronicle.of(IMAGE),
                        data: { kernel: image.kernel, files, sessions },
                        message: asked
                            ? `Linux ${kernel.desc.release} calls LUO also for an image loaded with KEXEC_PRESERVE_CONTEXT: this kexec froze every file and serialized the sessions, and the return unfroze nothing. ${exposed}.`
                            : `The image was loaded with KEXEC_PRESERVE_CONTEXT, so this kexec did not call LUO. ${exposed}; this kernel continues with the files preserved.`,
                        ...(asked
                            ? {}
                            : {
                                  advice: 'For a live update, load the kernel with kexec_file_load(). Close the sessions before a kexec that returns.',
                              }),
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
                            message: `The loaded kernel "${image.kernel}" gets no handover, but ${counted(files, 'file')} in ${counted(e.sessions, 'session')} ${be(files)} preserved: it will reuse their memory.`,
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
            /** LU1025, once a kernel is up: live update is off, so that what was handed over is ignored. */
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
                        message: `This kernel was handed ${counted(sent.files, 'preserved file')}, but was booted without ${off.join(' ')}: it has no /dev/liveupdate, and holds the memory until the machine reboots.`,
                    });
                }
            },
            handlerMissing(compatible, session): void {
                const name = session?.name ?? '';
                say('LU1014', {
                    about: compatible,
                    history: chronicle.of(sessionKey(name)),
                    data: { compatible, session: name },
                    message: `This kernel has no handler "${compatible}" for a file of session "${name}": ${host.kernel?.desc.flaws.has('luo_file_errors_ignored') === true ? 'the session exists without the file, and no error is returned' : 'from now on, opening /dev/liveupdate fails with EIO, and everything that was handed over is held until the machine reboots'}.`,
                });
            },
            handoverIncompatible(part, expected, found): void {
                // the kexec was not observed, or the memory image comes from another machine
                if (!mismatchReported(scene)) {
                    say('LU1016', {
                        about: 'formats',
                        data: { part, to: expected, from: found },
                        message:
                            found === null
                                ? `${part} of this kernel understands "${expected}", but was handed another format: it boots as if nothing had been preserved.`
                                : `${part} of this kernel understands "${expected}", but was handed "${found}": it cannot know which memory is preserved, and panics.`,
                    });
                }
            },
        };
    },
);
