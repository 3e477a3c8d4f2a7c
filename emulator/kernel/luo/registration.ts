/**
 * Registration of handlers and FLBs with LUO, and removal of handlers with their module (kernel/liveupdate/luo_file.c,
 * luo_flb.c).
 */
import type { Journal } from '../../machine/journal';
import { err, type Err } from '../release/errno';
import { type Luo, type LuoFile, LuoFlb, LuoHandler } from './state';

/** What is registered: its name in the scenario, and its compatible string. */
export interface Registered {
    readonly name: string;
    readonly compatible: string;
}

/** liveupdate_register_flb(): the FLB, which is registered with the first handler that uses it. */
export function registerFlb(journal: Journal, luo: Luo, { name, compatible }: Registered): LuoFlb {
    const known = luo.flbs.items.find((flb) => flb.name === name);
    if (known) {
        return known;
    }
    const flb = new LuoFlb(journal, name, compatible);
    luo.flbs.push(flb);
    return flb;
}

/**
 * liveupdate_register_file_handler(), and liveupdate_register_flb() for each FLB that it uses.
 * @param quiet there must be no session (up to 7.0)
 * @returns EOPNOTSUPP if live update is off, EBUSY if a session exists, EEXIST if another handler has the compatible
 * string
 */
export function registerHandler(
    journal: Journal,
    luo: Luo,
    { name, compatible }: Registered,
    flbs: readonly Registered[],
    quiet = false,
): LuoHandler | Err {
    if (!luo.enabled) {
        return err('EOPNOTSUPP');
    }
    if (quiet && luo.outgoing.sessions.length + luo.incoming.sessions.length > 0) {
        return err('EBUSY');
    }
    if (luo.handlers.items.some((handler) => handler.compatible === compatible)) {
        return err('EEXIST');
    }
    const handler = new LuoHandler(
        journal,
        name,
        compatible,
        flbs.map((flb) => registerFlb(journal, luo, flb)),
    );
    luo.handlers.push(handler);
    return handler;
}

/** A handler that was removed, and the files that are left of it. */
export interface Unregistered {
    readonly handler: LuoHandler;
    readonly files: readonly LuoFile[];
}

/**
 * liveupdate_unregister_file_handler(), by the exit of its module.
 * @param holds what holds a reference to the module: the preserved files; the registration itself (up to 7.0); nothing,
 * if the module is unloaded by force
 * @returns ENOENT if it is not registered, EAGAIN while something holds its module
 */
export function unregisterHandler(
    journal: Journal,
    luo: Luo,
    name: string,
    holds: 'files' | 'registration' | 'nothing',
): Unregistered | Err {
    const handler = luo.handlers.items.find((h) => h.name === name);
    if (!handler) {
        return err('ENOENT');
    }
    const files = [...luo.outgoing.sessions, ...luo.incoming.sessions].flatMap((session) =>
        session.files.items.filter((file) => file.handler === handler),
    );
    if (holds === 'registration' || (holds === 'files' && files.length > 0)) {
        return err('EAGAIN');
    }
    luo.handlers.remove(handler);
    journal.edit(handler).unloaded = true;
    return { handler, files };
}
