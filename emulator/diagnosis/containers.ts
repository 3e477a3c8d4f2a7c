/** Pipes that a session carries to the next kernel, where their ends may not find each other. */
import type { Kernel } from '../kernel/kernel';
import type { OpenFile } from '../kernel/fs/file';
import { Pipe } from '../kernel/fs/pipe';
import type { LuoFile, LuoSession } from '../kernel/luo/state';
import { quoted } from '../text/utf8';
import { counted, hex, listed } from '../text/text';
import { ruleFile } from './rules';
import { be } from './wording';

interface Carried {
    readonly file: OpenFile;
    readonly luoFile: LuoFile;
}

/** The files of pipes that outgoing sessions have, by pipe. */
function carriedPipes(kernel: Kernel): Map<Pipe, Carried[]> {
    const pipes = new Map<Pipe, Carried[]>();
    for (const session of kernel.luo.outgoing.sessions) {
        for (const luoFile of session.files) {
            const { file } = luoFile;
            if (file?.priv instanceof Pipe) {
                pipes.set(file.priv, [...(pipes.get(file.priv) ?? []), { file, luoFile }]);
            }
        }
    }
    return pipes;
}

/** The names of the processes that have an end of a pipe. */
function holders(kernel: Kernel, pipe: Pipe, isEnd: (file: OpenFile) => boolean): string[] {
    return kernel.processes.items
        .filter((p) => [...p.fds.entries()].some(([, file]) => file.priv === pipe && isEnd(file)))
        .map((p) => p.name);
}

const reads = (file: OpenFile): boolean => file.readable;
const writes = (file: OpenFile): boolean => file.writable;
const tokenOf = ({ luoFile }: Carried): string => `token ${hex(luoFile.token)}`;
const nameOf = ({ name }: LuoSession): string => `session ${quoted(name)}`;

export const containerRules = ruleFile(['LU1120', 'LU1121'], ({ chronicle }) => ({
    handingOver(kernel, say): void {
        for (const [pipe, all] of carriedPipes(kernel)) {
            const [first] = all;
            if (!first) {
                continue;
            }
            const { name } = first.file;
            const history = all.flatMap(({ luoFile }) => chronicle.ofFile(luoFile));
            const sessions = [...new Set(all.map(({ luoFile }) => luoFile.session))];
            if (sessions.length > 1) {
                say('LU1121', {
                    about: name,
                    history,
                    data: { pipe: name, sessions: sessions.map((s) => s.name), bytes: pipe.data.length },
                    message: `The files of ${name} are in ${listed(sessions.map(nameOf))}: each session brings a pipe of its own to the next kernel, which are not connected${pipe.data.length > 0 ? `, and each has the ${counted(pipe.data.length, 'byte')} that ${be(pipe.data.length)} in the pipe` : ''}.`,
                });
                continue;
            }
            const lost =
                pipe.writers > 0 && !all.some((c) => writes(c.file))
                    ? 'write'
                    : pipe.readers > 0 && !all.some((c) => reads(c.file))
                      ? 'read'
                      : undefined;
            if (lost) {
                const who = holders(kernel, pipe, lost === 'write' ? writes : reads);
                say('LU1120', {
                    about: name,
                    history,
                    data: {
                        pipe: name,
                        session: first.luoFile.session.name,
                        token: hex(first.luoFile.token),
                        end: lost,
                        processes: who,
                        bytes: pipe.data.length,
                    },
                    message: `${listed(all.map(tokenOf))} of ${nameOf(first.luoFile.session)} ${be(all.length)} an end of ${name}, whose ${lost} end${who.length > 0 ? ` (${listed(who)})` : ''} is not preserved: in the next kernel ${
                        lost === 'write'
                            ? 'a reader finds the end of the file'
                            : `a write fails with EPIPE${pipe.data.length > 0 ? `, and ${counted(pipe.data.length, 'byte')} ${be(pipe.data.length)} lost` : ''}`
                    }.`,
                });
            }
        }
    },
}));
