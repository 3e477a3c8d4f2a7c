/** Pipes and pairs of sockets that a session carries to the next kernel, where their ends may not find each other. */
import type { Kernel } from '../kernel/kernel';
import type { OpenFile } from '../kernel/fs/file';
import { Pipe } from '../kernel/fs/pipe';
import { SocketEnd } from '../kernel/fs/socket';
import type { LuoFile, LuoSession } from '../kernel/luo/state';
import { counted, hex, listed } from '../text/text';
import { quoted } from '../text/utf8';
import { ruleFile } from './rules';
import { be } from './wording';

interface Carried {
    readonly file: OpenFile;
    readonly luoFile: LuoFile;
}

/** What connects open files: a pipe, or a pair of sockets. */
function connectionOf({ priv }: OpenFile): object | undefined {
    return priv instanceof Pipe ? priv : priv instanceof SocketEnd ? priv.pair : undefined;
}

/** The connected files that outgoing sessions have, by what connects them. */
function carriedConnections(kernel: Kernel): Map<object, Carried[]> {
    const all = new Map<object, Carried[]>();
    for (const session of kernel.luo.outgoing.sessions) {
        for (const luoFile of session.files) {
            const { file } = luoFile;
            const connection = file && connectionOf(file);
            if (connection) {
                all.set(connection, [...(all.get(connection) ?? []), { file, luoFile }]);
            }
        }
    }
    return all;
}

/** An end that none of the carried files is, although it is open. */
interface LeftBehind {
    readonly name: string;
    readonly is: (file: OpenFile) => boolean;
    /** What a process finds in the next kernel. */
    readonly effect: string;
}

const reads = (file: OpenFile): boolean => file.readable;
const writes = (file: OpenFile): boolean => file.writable;

function leftBehind(connection: object, all: readonly Carried[]): LeftBehind | undefined {
    const [first] = all;
    if (connection instanceof Pipe) {
        const { length } = connection.data;
        if (connection.writers > 0 && !all.some((c) => writes(c.file))) {
            return { name: 'write end', is: writes, effect: 'a reader finds the end of the file' };
        }
        if (connection.readers > 0 && !all.some((c) => reads(c.file))) {
            const lost = length > 0 ? `, and ${counted(length, 'byte')} ${be(length)} lost` : '';
            return { name: 'read end', is: reads, effect: `a write fails with EPIPE${lost}` };
        }
        return undefined;
    }
    const end = first?.file.priv;
    return end instanceof SocketEnd && end.there.open && all.length === 1
        ? {
              name: 'other end',
              is: (file) => file !== first?.file,
              effect: 'a read finds the end of the file, and a write fails with EPIPE',
          }
        : undefined;
}

/** The names of the processes that have an end. */
function holders(kernel: Kernel, connection: object, { is }: LeftBehind): string[] {
    return kernel.processes.items
        .filter((p) => [...p.fds.entries()].some(([, file]) => connectionOf(file) === connection && is(file)))
        .map((p) => p.name);
}

const tokenOf = ({ luoFile }: Carried): string => `token ${hex(luoFile.token)}`;
const nameOf = ({ name }: LuoSession): string => `session ${quoted(name)}`;

export const containerRules = ruleFile(['LU1120', 'LU1121'], ({ chronicle }) => ({
    handingOver(kernel, say): void {
        for (const [connection, all] of carriedConnections(kernel)) {
            const [first] = all;
            if (!first) {
                continue;
            }
            const { name } = first.file;
            const what = connection instanceof Pipe ? 'a pipe' : 'a socket';
            const history = all.flatMap(({ luoFile }) => chronicle.ofFile(luoFile));
            const sessions = [...new Set(all.map(({ luoFile }) => luoFile.session))];
            const missing = leftBehind(connection, all);
            if (sessions.length > 1) {
                const length = connection instanceof Pipe ? connection.data.length : 0;
                say('LU1121', {
                    about: name,
                    history,
                    data: { file: name, sessions: sessions.map((s) => s.name), bytes: length },
                    message: `The ends of ${name} are in ${listed(sessions.map(nameOf))}: each session brings ${what} of its own to the next kernel, and they are not connected${length > 0 ? `. Each has the ${counted(length, 'byte')} that ${be(length)} in it now` : ''}.`,
                });
            } else if (missing) {
                const who = holders(kernel, connection, missing);
                const { session, token } = first.luoFile;
                say('LU1120', {
                    about: name,
                    history,
                    data: { file: name, session: session.name, token: hex(token), end: missing.name, processes: who },
                    message: `${listed(all.map(tokenOf))} of ${nameOf(session)} ${be(all.length)} an end of ${name}, whose ${missing.name}${who.length > 0 ? ` (${listed(who)})` : ''} is not preserved: in the next kernel ${missing.effect}.`,
                });
            }
        }
    },
}));
