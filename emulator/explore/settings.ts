/** What the `explore { … }` blocks of a scenario ask for. */
import { isErrnoName } from '../kernel/release/errno';
import type { Block, ExploreEntry, ExploreStmt, ScenarioDecl } from '../language/syntax/ast';
import type { Tried } from '../run/tried';
import { isProfile, PROFILES } from './profiles';

export interface Asked {
    readonly tried: readonly Partial<Tried>[];
    readonly faults: number | undefined;
    readonly switches: number | undefined;
}

/** @param profiles the names of blocks; without one, the blocks without a name count */
export function askedBy({ body }: ScenarioDecl, profiles: readonly string[] = []): Asked {
    const entries = blocksIn(body).flatMap((b) => (isMeant(b, profiles) ? b.entries : []));
    const number = (name: string): number | undefined => {
        const value = entries.findLast((e) => e.what.name === name)?.number?.value;
        return value === undefined ? undefined : Number(value);
    };
    return { tried: entries.flatMap(triedBy), faults: number('faults'), switches: number('switches') };
}

/** The names of the profiles that a scenario declares. */
export function profilesOf({ body }: ScenarioDecl): readonly string[] {
    return blocksIn(body).flatMap((b) => b.name?.name ?? []);
}

function blocksIn({ statements }: Block): readonly ExploreStmt[] {
    return statements.filter((s) => s.kind === 'explore');
}

function isMeant({ name }: ExploreStmt, profiles: readonly string[]): boolean {
    return name ? profiles.includes(name.name) : profiles.length === 0;
}

function triedBy({ what, names, texts }: ExploreEntry): Partial<Tried>[] {
    const all = names.map((n) => n.name);
    switch (what.name) {
        case 'crash':
            return [{ crash: all }];
        case 'fail':
            return [{ fail: all }];
        case 'errors':
            return [{ errors: all.filter(isErrnoName) }];
        case 'kernels':
            return [{ kernels: texts.map((t) => t.value) }];
        case 'profile':
            return all.filter(isProfile).map((name) => PROFILES[name]);
        case 'orders':
            return [{ orders: true }];
        case 'timers':
            return [{ timers: true }];
        case 'delays':
            return [{ delays: true }];
        case 'panic':
            return [{ panic: true }];
        case 'flips':
            return [{ flips: all }];
        case 'power_cut':
            return [{ power: true }];
        default:
            return [];
    }
}
