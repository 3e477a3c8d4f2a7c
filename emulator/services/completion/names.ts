/** Names that can stand in expressions and at the beginning of statements. */
import type { Context, Type } from '../../language/types';
import { assignable } from '../../language/check/types-of';
import { Declarations, isLibrary } from '../declarations';
import type { Subject } from '../subjects';
import { RANK, type Offer, type OfferKind } from './offer';
import type { Situation } from './situation';
import { callSnippet, fnSnippet } from './snippets';
import type { Usage } from './usage';
import { orderIn, VARIABLES } from './usual';

/** The use of an expression, as far as it is known. */
export interface Wanted {
    readonly type?: Type | undefined;
    /** The names that are usual there. */
    readonly usual: readonly string[];
    /** It begins a statement: calls without a result are offered, constants are not. */
    readonly statement?: boolean;
    /** The name of the parameter: a variable with this name comes first. */
    readonly name?: string | undefined;
}

const LOCAL: Type = { k: 'any' };

/** Values without members: statements seldom begin with them. */
const PLAIN: ReadonlySet<Type['k']> = new Set(['int', 'bool', 'string', 'bytes', 'phys']);

export function nameOffers(s: Situation, usage: Usage, wanted: Wanted): Offer[] {
    const context = s.scope?.context ?? 'any';
    const called = s.text[s.span.end] === '(';
    const taken = new Set<string>();
    const offers: Offer[] = [];
    const add = (offer: Offer): void => {
        if (!taken.has(offer.label)) {
            taken.add(offer.label);
            offers.push(offer);
        }
    };
    const rank = (name: string, type: Type, base: number): number => {
        const order = wanted.usual.indexOf(name);
        const from = order < 0 ? base : Math.min(base, RANK.own + 5 * order);
        return from + suits(type, wanted) - usage.bonus(name) - (wanted.name === name ? 40 : 0);
    };
    (s.scope?.names ?? []).forEach(({ name, type }, i) => {
        add({ label: name, kind: 'variable', rank: rank(name, type, RANK.own) + Math.min(i, 20), detail: name });
    });
    for (const offer of processes(s, usage, wanted)) {
        add(offer);
    }
    if (wanted.statement) {
        for (const offer of newVariables(s, usage)) {
            add(offer);
        }
    }
    for (const offer of [...declared(s, called, rank), ...provided(s, context, called, wanted, rank)]) {
        add(offer);
    }
    return offers;
}

/** Lower if the type is the expected one, higher if it cannot be. */
function suits(type: Type, { type: to, statement }: Wanted): number {
    if (statement) {
        return PLAIN.has(type.k) ? 80 : 0;
    }
    if (!to || to.k === 'any' || type.k === 'any') {
        return 0;
    }
    return assignable(type, to) ? (type.k === to.k ? -60 : -20) : 150;
}

/** Processes: to run in, at scenario level, and to read variables of. */
function processes(s: Situation, usage: Usage, wanted: Wanted): Offer[] {
    const { scope } = s;
    if (!scope || scope.process !== undefined || scope.context === 'kernel') {
        return [];
    }
    return [...scope.processes].map(([name, status]) => ({
        label: name,
        kind: 'process',
        rank:
            (status === 'dead' ? RANK.far : RANK.own - (wanted.statement ? 40 : 0)) -
            usage.bonus(name) +
            suits({ k: 'decl', of: 'process', name }, wanted),
        ...(wanted.statement && status !== 'dead' ? { snippet: `${name} {\n    $0\n}` } : {}),
        subject: { kind: 'process', name, scope: '' },
    }));
}

/** Variables that processes of other scenarios and kernels assign: this one probably needs the same. */
function newVariables({ text, span, scope }: Situation, usage: Usage): Offer[] {
    if (scope?.process === undefined) {
        return [];
    }
    const before = [...text.slice(0, span.start).matchAll(/^[ \t]*([A-Za-z_]\w*)[ \t]*=(?!=)/gm)].map(
        (m) => m[1] ?? '',
    );
    return [...new Set([...VARIABLES, ...before])].map((name) => ({
        label: name,
        kind: 'variable',
        rank: RANK.own + 30 + 2 * orderIn(VARIABLES, name) - usage.bonus(name),
        snippet: `${name} = $0`,
    }));
}

type Rank = (name: string, type: Type, base: number) => number;

/** Declarations of the program and of the kernel's own code. */
function declared(s: Situation, called: boolean, rank: Rank): Offer[] {
    const { program, uri } = s;
    const offers: Offer[] = [];
    for (const [fileUri, { items }] of program.files) {
        const own = !isLibrary(fileUri);
        for (const item of items) {
            switch (item.kind) {
                case 'const':
                    if (own || isLibrary(uri)) {
                        const type = program.constValues.get(item)?.type ?? LOCAL;
                        offers.push(
                            declaration(item.name.name, 'constant', rank(item.name.name, type, RANK.usual), item),
                        );
                    }
                    break;
                case 'fn':
                    if (own || isLibrary(uri)) {
                        const offer = declaration(
                            item.name.name,
                            'function',
                            rank(item.name.name, LOCAL, RANK.own + 25),
                            item,
                        );
                        offers.push(called ? offer : { ...offer, snippet: fnSnippet(item) });
                    }
                    break;
                case 'struct':
                case 'file':
                case 'handler':
                case 'flb': {
                    const { name } = item.name;
                    const type: Type = { k: 'decl', of: item.kind, name };
                    const kind: OfferKind =
                        item.kind === 'file' ? 'file kind' : item.kind === 'flb' ? 'FLB' : item.kind;
                    offers.push(declaration(name, kind, rank(name, type, own ? RANK.usual : RANK.far), item));
                    break;
                }
            }
        }
    }
    const devices = [...program.files.values()].flatMap((f) =>
        f.items.flatMap((i) => (i.kind === 'machine' ? i.entries : [])),
    );
    for (const { key, args } of devices) {
        const [name] = args;
        if (key.name === 'device' && name?.kind === 'name') {
            const subject = { kind: 'device', name: name.name } as const;
            const at = rank(name.name, { k: 'object', name: 'device' }, RANK.own + 20);
            offers.push({ label: name.name, kind: 'device', rank: at, subject });
        }
    }
    return offers;
}

function declaration(
    label: string,
    kind: OfferKind,
    rank: number,
    decl: Extract<Subject, { kind: 'declaration' }>['decl'],
): Offer {
    return { label, kind, rank, subject: { kind: 'declaration', decl } };
}

/** Natives. */
function provided(s: Situation, context: Context, called: boolean, wanted: Wanted, rank: Rank): Offer[] {
    const { natives, page } = s.program;
    const offers: Offer[] = [];
    for (const native of natives.functions.values()) {
        if (native.tracepoint === true) {
            continue;
        }
        const here = fits(native.context, context);
        const at = rank(
            native.name,
            native.result.k === 'none' && !wanted.statement ? { k: 'none' } : native.result,
            here ? RANK.possible : RANK.far + 100,
        );
        const offer: Offer = {
            label: native.name,
            kind: 'function',
            rank: at,
            subject: { kind: 'native', native, owner: '' },
        };
        offers.push(called ? offer : { ...offer, snippet: callSnippet(native) });
    }
    for (const global of natives.globals.values()) {
        const error = /^E[A-Z0-9]+$/.test(global.name);
        const here = fits(global.context, context);
        const base =
            (here ? RANK.possible : RANK.far + 100) +
            (wanted.statement && global.constant ? 200 : 0) +
            (error ? 60 : 0);
        offers.push({
            label: global.name,
            kind: global.constant ? 'constant' : 'global',
            rank: rank(
                global.name,
                global.constant ? typeOfValue(global.constant(page), global.type) : global.type,
                base,
            ),
            subject: { kind: 'global', global },
        });
    }
    for (const name of natives.fileKinds.keys()) {
        offers.push({
            label: name,
            kind: 'file kind',
            rank: rank(name, { k: 'decl', of: 'file', name }, RANK.far),
            subject: { kind: 'shipped', of: 'file kind', name },
        });
    }
    return offers;
}

const typeOfValue = (value: unknown, type: Type): Type => (typeof value === 'number' ? { k: 'int' } : type);

/** Whether code for one context can run in another. */
function fits(needed: Context, here: Context): boolean {
    return needed === 'any' || here === 'any' || needed === here;
}

/** Devices by name, for entries that name one. */
export function deviceNames(s: Situation): string[] {
    const known = Declarations.of(s.program);
    return [...s.file.items].flatMap((i) =>
        i.kind === 'machine'
            ? i.entries.flatMap(({ args: [name] }) =>
                  name?.kind === 'name' && known.device(name.name) ? [name.name] : [],
              )
            : [],
    );
}

/** The first names of a list come first. */
export function listed(
    names: Iterable<string>,
    kind: OfferKind,
    usage: Usage,
    usual: readonly string[] = [],
    subject?: (name: string) => Subject,
): Offer[] {
    return [...names].map((name) => ({
        label: name,
        kind,
        rank: RANK.asked + orderIn(usual, name) - usage.bonus(name),
        ...(subject ? { subject: subject(name) } : {}),
    }));
}
