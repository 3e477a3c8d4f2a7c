/** Sessions that are lost, never retrieved, unreachable, or discarded by mistake. */
import type { Kernel } from '../kernel/kernel';
import type { OpenFile } from '../kernel/fs/file';
import type { LuoRequest } from '../kernel/luo/request';
import type { LuoHandler, LuoSession } from '../kernel/luo/state';
import { JournaledList, JournaledMap } from '../machine/journal';
import { isAtWork, subjectSaid } from '../runtime/at-work';
import type { CallbackCall } from '../runtime/purpose';
import { sessionKey } from './chronicle';
import { hasCallback } from '../runtime/host/callbacks';
import { processOf } from '../runtime/host/scenario-process';
import { sessionHolders } from './holders';
import { ruleFile } from './rules';
import type { Datum } from '../findings/diagnosis';
import { incomingSessions, type IncomingSession } from './unread-sessions';
import { be, some } from './wording';
import { counted, hex, listed } from '../text/text';

type HandlerCall = CallbackCall & { readonly kind: 'handler' };

/** A file that came from the previous kernel and whose session is finished. */
interface Finished {
    readonly boot: number;
    readonly file: OpenFile;
    readonly session: string;
    readonly token: string;
    /**
     * The process whose end finished the session: it had the file open and the last descriptor of the session;
     * undefined: the session was finished in another way.
     */
    readonly endedWith: string | undefined;
}

export const sessionRules = ruleFile(
    ['LU1002', 'LU1003', 'LU1004', 'LU1005', 'LU1019', 'LU1022', 'LU1023', 'LU1024', 'LU1074', 'LU1079', 'LU1090'],
    (scene) => {
        const { host, chronicle, say } = scene;
        /** Sessions whose RETRIEVE_SESSION reply faulted. */
        const faulted = new JournaledMap<LuoSession, true>(host.machine.journal);
        const finished = new JournaledList<Finished>(host.machine.journal);
        /** Files that ending processes had open, with the names of the processes. */
        const leaving = new JournaledMap<OpenFile, string>(host.machine.journal);

        const about = (
            s: LuoSession,
        ): { about: string; history: ReturnType<typeof chronicle.ofSession>; data: Record<string, Datum> } => ({
            about: s.name,
            history: chronicle.ofSession(s),
            data: { session: s.name, files: s.files.length, tokens: s.files.items.map((f) => hex(f.token)) },
        });

        /** Why the handlers did not refuse a finish() that discards their files. */
        const whyNotRefused = (handlers: ReadonlySet<LuoHandler>): string => {
            const [having, lacking] = [true, false].map((has) =>
                [...handlers].filter((h) => hasCallback(host, h, 'can_finish') === has).map((h) => h.name),
            );
            const allowed = having?.length ? [`can_finish() of ${listed(having)} allowed it.`] : [];
            const absent = lacking?.length
                ? [`${listed(lacking)} ${lacking.length === 1 ? 'has' : 'have'} no can_finish() that could refuse it.`]
                : [];
            return [...absent, ...allowed].join(' ');
        };

        /** A handler's finish() runs for a file that was not retrieved: its data is discarded. */
        const discarded = ({ args, handler }: HandlerCall): void => {
            const session = subjectSaid(host)?.session;
            // the retrieval of a processor is optional: finish() starts it
            if (args?.retrieveStatus !== 0 || !session || handler.name === 'cpu_fh') {
                return;
            }
            const lost = session.files.items.filter((f) => f.retrieveStatus === 0 && f.handler?.name !== 'cpu_fh');
            const files = `${counted(lost.length, 'file')} (${some(lost.map((f) => `token ${hex(f.token)}`))})`;
            const were = lost.length === 1 ? 'was' : 'were';
            const details = about(session);
            const finding = { ...details, data: { ...details.data, lost: lost.map((f) => hex(f.token)) } };
            if (!session.incoming) {
                say('LU1022', {
                    ...finding,
                    advice: 'Call finish() only on sessions of the previous kernel. To give up an outgoing session, close it.',
                    message: `finish() of the outgoing session "${session.name}" is not refused: the handlers finish ${files}, and the session loses all its files.`,
                });
            } else if (!chronicle.isReleased(session)) {
                say('LU1022', {
                    ...finding,
                    advice: `Retrieve every file before finish(). ${whyNotRefused(new Set(lost.map((f) => f.handler)))}`,
                    message: `finish() of session "${session.name}" discards ${files} that ${were} not retrieved.`,
                });
            } else if (faulted.has(session)) {
                say('LU1019', {
                    ...finding,
                    message: `The reply of retrieve_session("${session.name}") could not be written, so the kernel finishes the session and discards ${files}.`,
                });
            } else {
                const why = isAtWork(host, 'exit')
                    ? `${host.interpreter.current.name} exits with its last descriptor`
                    : 'its last descriptor is closed';
                say('LU1024', {
                    ...finding,
                    message: `Session "${session.name}" is finished because ${why}: ${files} that ${were} not retrieved ${be(lost.length)} discarded.`,
                });
            }
        };

        /** A handler's finish() runs for a file that was retrieved: the session does not own it any more. */
        const released = ({ args }: HandlerCall): void => {
            const said = subjectSaid(host);
            if (args?.file && said?.session.incoming && said.token !== null) {
                finished.push({
                    boot: host.boot,
                    file: args.file,
                    session: said.session.name,
                    token: hex(said.token),
                    endedWith: endsWith(said.session) ? leaving.get(args.file) : undefined,
                });
            }
        };

        /** The last descriptor of a session is closed because its process exits, or executes another program. */
        const endsWith = (session: LuoSession): boolean =>
            chronicle.isReleased(session) && (isAtWork(host, 'exit') || isAtWork(host, 'execve'));

        /** LU1090: a file that a process retrieved is freed at its end, and its session no longer exists. */
        const freedWith = (owner: string): void => {
            for (const [file, process] of [...leaving]) {
                if (process === owner) {
                    leaving.delete(file);
                }
            }
            for (const f of [...finished]) {
                if (f.endedWith === owner && f.boot === host.boot) {
                    finished.remove(f);
                    if (f.file.refs === 0) {
                        say('LU1090', {
                            about: `${f.session} ${f.token}`,
                            history: chronicle.ofToken(f.session, f.token),
                            data: { session: f.session, token: f.token, process: owner },
                            message: `${owner} retrieved token ${f.token} of session "${f.session}" and ends before finish(), with the only descriptors of the file and of the session: the release of the session finishes it, and the file is freed.`,
                        });
                    }
                }
            }
        };

        /** LU1079 */
        const notPreservedAgain = (kernel: Kernel): void => {
            const held = new Set<OpenFile>();
            for (const process of kernel.processes) {
                for (const [, file] of process.fds.entries()) {
                    held.add(file);
                }
            }
            const going = kernel.luo.outgoing.sessions.items.flatMap((s) => s.files.items.map((f) => f.file?.inode));
            for (const { boot, file, session, token } of finished) {
                if (boot === host.boot && held.has(file) && !going.includes(file.inode)) {
                    say('LU1079', {
                        about: `${session} ${token}`,
                        history: chronicle.ofToken(session, token),
                        data: { session, token },
                        message: `Token ${token} of session "${session}" came from the previous kernel and is still open, but is in no session of this kernel: this kexec drops it.`,
                    });
                }
            }
        };

        /** LU1074 */
        const preservedDespiteFault = (session: LuoSession, request: LuoRequest): void => {
            const token = hex(request.token);
            say('LU1074', {
                about: `${session.name} ${token}`,
                history: chronicle.of(sessionKey(session.name)),
                data: { session: session.name, token },
                message: `preserve_fd(token: ${token}) of session "${session.name}" fails with EFAULT because its reply cannot be written, but the file stays preserved.`,
            });
        };

        const unpreserved = ({ args }: HandlerCall): void => {
            const session = args?.session;
            const execs = isAtWork(host, 'execve');
            if (session && endsWith(session)) {
                const details = about(session);
                say('LU1023', {
                    ...details,
                    data: { ...details.data, process: host.interpreter.current.name },
                    message: `${host.interpreter.current.name} ${execs ? 'executes another program' : 'exits'} and closes the last descriptor of session "${session.name}": the ${counted(session.files.length, 'file')} of the session will not be handed over.`,
                });
            }
        };

        const unreachable = (s: LuoSession): void => {
            say('LU1004', {
                ...about(s),
                message: `Session "${s.name}" cannot be finished, and its last descriptor is closed: no process can reach the session any more, and its ${counted(s.files.length, 'file')} ${be(s.files.length)} held until the machine reboots.`,
            });
        };

        /** LU1002: incoming sessions at the end of the scenario that were not retrieved. */
        const neverRetrieved = (kernel: Kernel, sink: typeof say): void => {
            for (const s of kernel.luo.incoming.sessions) {
                if (!s.retrieved && s.files.length > 0 && kernel.luo.deserialized === 0) {
                    sink('LU1002', {
                        ...about(s),
                        message: `Session "${s.name}" came from the previous kernel with ${counted(s.files.length, 'file')} and was never retrieved.`,
                    });
                }
            }
            for (const { name, files } of unread(kernel)) {
                sink('LU1002', {
                    about: name,
                    history: chronicle.ofSessionNamed(name),
                    data: { session: name, files },
                    message: `Session "${name}" came from the previous kernel with ${counted(files, 'file')}, but no process has opened /dev/liveupdate.`,
                });
            }
        };

        const dropped = (kernel: Kernel): void => {
            for (const s of kernel.luo.incoming.sessions) {
                if (s.files.length > 0) {
                    const state = s.retrieved ? 'is not finished' : 'was never retrieved';
                    say('LU1003', {
                        ...about(s),
                        message: `Session "${s.name}" came from the previous kernel and ${state}: this kexec drops it, and the next kernel reuses the memory of its ${counted(s.files.length, 'file')}.`,
                    });
                }
            }
            for (const { name, files } of unread(kernel)) {
                say('LU1003', {
                    about: name,
                    history: chronicle.ofSessionNamed(name),
                    data: { session: name, files },
                    message: `Session "${name}" came from the previous kernel, but no process has opened /dev/liveupdate: this kexec drops the session and its ${counted(files, 'file')}.`,
                });
            }
        };

        /** LU1005. If the process that reboots holds a session itself, its death would also stop the reboot. */
        const oneHolder = (kernel: Kernel): void => {
            const rebooting = processOf(host.interpreter.current)?.process;
            const all = sessionHolders(kernel);
            for (const s of kernel.luo.outgoing.sessions) {
                const holders = [...(all.get(s) ?? [])];
                const [holder] = holders;
                if (holder && holders.length === 1 && holder !== rebooting && s.files.length > 0) {
                    const details = about(s);
                    say('LU1005', {
                        ...details,
                        data: { ...details.data, process: holder.name },
                        message: `Only ${holder.name} holds session "${s.name}", but ${rebooting?.name ?? 'another process'} reboots: if ${holder.name} had died before, the update would have continued without the session.`,
                    });
                }
            }
        };

        return {
            callbackEntered(call): void {
                if (call.kind === 'handler' && call.callback === 'finish') {
                    discarded(call);
                    released(call);
                } else if (call.kind === 'handler' && call.callback === 'unpreserve') {
                    unpreserved(call);
                }
            },
            replyFailed(request): void {
                if (request.command === 'PRESERVE_FD' && request.session) {
                    preservedDespiteFault(request.session, request);
                }
                const session =
                    request.command === 'RETRIEVE_SESSION' ? host.kernel?.luo.incoming.find(request.name) : undefined;
                if (session) {
                    faulted.set(session, true);
                }
            },
            filesClosed(process, files): void {
                for (const file of host.kernel?.luo.incoming.sessions.length ? files : []) {
                    leaving.set(file, process);
                }
            },
            callReturned({ kind }): void {
                if (kind === 'exit' || kind === 'execve') {
                    freedWith(host.interpreter.current.name);
                }
            },
            sessionStuck: unreachable,
            handingOver(kernel): void {
                dropped(kernel);
                oneHolder(kernel);
                if (kernel.kexecImage?.kho) {
                    notPreservedAgain(kernel);
                }
            },
            atEnd: neverRetrieved,
        };
    },
);

/** Sessions with files that were not deserialized because the device was never opened. */
function unread(kernel: Kernel): readonly IncomingSession[] {
    return kernel.luo.enabled && kernel.luo.deserialized === undefined ? incomingSessions(kernel) : [];
}
