/** The completions at an offset of a text, the most probable first. The text may have errors. */
import { CATALOGUE, isDiagnosisCode } from '../../findings/catalogue';
import { FLAWS } from '../../kernel/release/flaws';
import { LAYERS } from '../../kernel/release/layers';
import { SIMPLE_TYPES } from '../../language/check/types-of';
import type { Program } from '../../language/program';
import type { CallExpr, ExploreEntry, Expr, Ident, KernelList, KernelSetting, Span } from '../../language/syntax/ast';
import { EXPLORE_ENTRIES, PROFILE_NAMES } from '../../language/syntax/explore';
import type { NativeParam } from '../../language/natives';
import type { Type } from '../../language/types';
import { SETTABLE_COSTS } from '../../machine/costs';
import { childrenOf, isKind, type Node } from '../nodes';
import { settingNames, settingWords } from '../setting-tables';
import { REPLY } from '../signatures';
import { callbackOffers } from './callbacks';
import { memberOffers } from './members';
import { deviceNames, listed, nameOffers, type Wanted } from './names';
import { RANK, type Offer } from './offer';
import { situationAt, type Situation, type Source } from './situation';
import { snippetOffers } from './snippets';
import { stringOffers } from './strings';
import { Usage } from './usage';
import { ARGUMENTS, ASSERTED, ERRORS, PROCESSES, STATEMENTS, TYPES, VALUES } from './usual';
import { keyword, statementWords, wordsBehind } from './words';

export interface Completions {
    /** The span that the chosen offer replaces. */
    readonly span: Span;
    /** The most probable first. */
    readonly offers: readonly Offer[];
    /** The program that {@link said} describes the offers with. */
    readonly program: Program;
}

/** @param files the source files and images beside this one, as paths from it; called only if they are needed */
export function completionsAt(
    source: Source,
    offset: number,
    files: () => readonly string[] = () => [],
): Completions | undefined {
    const s = situationAt(source, offset);
    if (!s) {
        return undefined;
    }
    const usage = new Usage(s.text.slice(0, s.span.start) + s.text.slice(s.span.end));
    const offers = s.inString ? stringOffers(s, s.place?.above[0] ? files() : []) : new Completer(s, usage).offers();
    const best = new Map<string, Offer>();
    for (const offer of offers) {
        const known = best.get(offer.label);
        best.set(offer.label, known ? merged(known, offer) : offer);
    }
    const sorted = [...best.values()].sort((a, b) => a.rank - b.rank || (a.label < b.label ? -1 : 1));
    return { span: s.span, offers: sorted, program: s.program };
}

/** The better one of two offers of the same label; a word that begins a snippet is inserted as the snippet. */
function merged(a: Offer, b: Offer): Offer {
    const [best, other] = a.rank <= b.rank ? [a, b] : [b, a];
    const { snippet } = other;
    return best.snippet === undefined && other.kind === 'snippet' && snippet !== undefined
        ? { ...best, snippet }
        : best;
}

class Completer {
    constructor(
        private readonly s: Situation,
        private readonly usage: Usage,
    ) {}

    offers(): Offer[] {
        const { s } = this;
        const behind = wordsBehind(s);
        // a block can be followed by a statement or by `else`
        if (behind.length > 0 && behind[0]?.label !== 'else') {
            return behind;
        }
        if (!s.place) {
            return behind.length > 0 ? behind : this.outside();
        }
        const { node, above } = s.place;
        const [parent] = above;
        const offers = isKind(node, 'name')
            ? this.expression(node, parent)
            : isKind(node, 'ident')
              ? this.word(node, parent)
              : [];
        return [...behind, ...offers];
    }

    /** Places where the parser expects no name: between declarations, or after a complete statement or expression. */
    private outside(): Offer[] {
        const around = this.s.before;
        const depth = around.reduce(
            (n, t) => n + (t.kind !== 'punct' ? 0 : t.text === '{' ? 1 : t.text === '}' ? -1 : 0),
            0,
        );
        const last = around.at(-1);
        if (depth <= 0 && (!last || this.startsLine())) {
            return snippetOffers('file');
        }
        const item = this.s.file.items.findLast((i) => i.start <= this.s.span.start);
        return item?.kind === 'handler' || item?.kind === 'flb' || item?.kind === 'file'
            ? callbackOffers(this.s, item)
            : [];
    }

    private startsLine(): boolean {
        const { text, span } = this.s;
        return /(?:^|\n)[ \t]*$/.test(text.slice(0, span.start));
    }

    // ------------------------------------------------------------ names in expressions

    private expression(node: Expr, parent: Node | undefined): Offer[] {
        const { s, usage } = this;
        const context = s.scope?.context ?? 'any';
        if (isKind(parent, 'entry')) {
            return this.entryWord(parent, node);
        }
        if (isKind(parent, 'setting')) {
            return listed(settingWords('kernel', parent.key.name), 'setting', usage, ['on', 'off'], (word) => ({
                kind: 'setting',
                of: 'kernel',
                name: parent.key.name,
                word,
            }));
        }
        if (isKind(parent, 'expr') && parent.value === node) {
            const where = context === 'any' ? 'user' : context;
            return [
                ...statementWords(s),
                ...nameOffers(s, usage, { usual: STATEMENTS[context], statement: true }),
                ...snippetOffers(where, RANK.usual - 20),
            ];
        }
        const wanted = this.wanted(node);
        const words = [...(wanted.literals ?? []), ...(wanted.noTry ? [] : [keyword('try', 'try', RANK.possible)])];
        return [...words, ...this.namedArguments(node), ...nameOffers(s, usage, wanted)];
    }

    /** The use of an expression, determined by the nodes around it. */
    private wanted(node: Node): Wanted & { readonly literals?: readonly Offer[]; readonly noTry?: boolean } {
        const { s } = this;
        const context = s.scope?.context ?? 'any';
        const bools = (rank: number): Offer[] => [keyword('true', 'bool', rank), keyword('false', 'bool', rank + 1)];
        let inner: Node = node;
        for (const outer of s.place?.above ?? []) {
            if (!('kind' in outer)) {
                const call = s.place?.above[(s.place?.above.indexOf(outer) ?? 0) + 1];
                return isKind(call, 'call') ? { ...this.parameter(call, inner), noTry: true } : { usual: [] };
            }
            switch (outer.kind) {
                case 'assign': {
                    if (outer.target === inner) {
                        return { usual: [], noTry: true };
                    }
                    const type = s.program.types.get(outer.target);
                    const known = type && type.k !== 'any' && !isKind(outer.target, 'name') ? { type } : {};
                    return { ...known, usual: VALUES[context], literals: bools(RANK.far) };
                }
                case 'assert':
                    return { usual: ASSERTED, noTry: true };
                case 'if':
                case 'while':
                    return { usual: ASSERTED, literals: bools(RANK.possible) };
                case 'return':
                    return { usual: ['EIO', 'EBUSY', 'EINVAL', 'ENOMEM'], literals: bools(RANK.possible), noTry: true };
                case 'binary': {
                    const other = outer.left === inner ? outer.right : outer.left;
                    const type = outer.op === '&&' || outer.op === '||' ? undefined : s.program.types.get(other);
                    const compared =
                        outer.op === '==' || outer.op === '!=' || outer.op.startsWith('<') || outer.op.startsWith('>');
                    if (type && type.k !== 'any' && outer.right === inner) {
                        return {
                            type,
                            usual: compared ? ['none', 'pattern'] : [],
                            literals: type.k === 'bool' ? bools(RANK.asked) : [],
                            noTry: true,
                        };
                    }
                    break;
                }
                case 'unary':
                    if (outer.op === '-') {
                        return { type: { k: 'int' }, usual: ERRORS, noTry: true };
                    }
                    break;
                case 'send':
                    return { type: { k: 'fd' }, usual: [], noTry: true };
                case 'for':
                    return { type: { k: 'list', of: { k: 'any' } }, usual: [], noTry: true };
                case 'const':
                    return { type: { k: 'int' }, usual: [], noTry: true };
                case 'corrupt':
                    return { usual: ['session', 'luo', 'kho'], noTry: true };
                case 'try':
                    return { usual: VALUES[context], noTry: true };
                case 'call':
                    return { ...this.parameter(outer, inner), noTry: true };
            }
            inner = outer;
        }
        return { usual: [] };
    }

    /** The parameter of an argument. */
    private parameter(call: CallExpr, inner: Node): Wanted & { readonly literals?: readonly Offer[] } {
        const params = this.paramsOf(call);
        const index = call.args.findIndex((a) => a.value === inner || (a.start <= inner.start && inner.end <= a.end));
        const arg = call.args[index];
        const param = arg?.name ? params.find((p) => p.name === arg.name?.name) : params[index];
        const { callee } = call;
        const name = isKind(callee, 'member') ? callee.member.name : isKind(callee, 'name') ? callee.name : '';
        const usual = ARGUMENTS[name] ?? [];
        const literals = param?.name === 'token' ? this.tokens() : [];
        return { type: this.argumentType(call, param), usual, name: param?.name, literals };
    }

    /** The tokens that the file has before the cursor, as they are written. */
    private tokens(): Offer[] {
        const { text, span } = this.s;
        const found = text.slice(0, span.start).matchAll(/\btoken: *(0[xX][0-9a-fA-F_]+|[0-9_]+)/g);
        const tokens = [...new Set([...found].map(([, token = '']) => token))];
        return tokens.map((label, i) => ({ label, kind: 'text', rank: RANK.asked + i }));
    }

    private argumentType(call: CallExpr, param: NativeParam | undefined): Type | undefined {
        const native = this.nativeOf(call);
        if (native?.resultOfArg !== undefined && native.params[native.resultOfArg] === param) {
            return { k: 'decl', of: 'struct', name: '' };
        }
        return param?.rest === true && param.type.k === 'list' ? param.type.of : param?.type;
    }

    private nativeOf(call: CallExpr): { params: readonly NativeParam[]; resultOfArg?: number } | undefined {
        const { program } = this.s;
        const { callee } = call;
        if (isKind(callee, 'member')) {
            const member = program.members.get(callee);
            return member?.kind === 'method' ? member.method : undefined;
        }
        const meaning = isKind(callee, 'name') ? program.names.get(callee) : undefined;
        return meaning?.kind === 'native' ? meaning.native : undefined;
    }

    private paramsOf(call: CallExpr): readonly NativeParam[] {
        const native = this.nativeOf(call);
        if (native) {
            return native.params.filter((p) => p.name !== REPLY && p.named !== true);
        }
        const meaning = isKind(call.callee, 'name') ? this.s.program.names.get(call.callee) : undefined;
        return meaning?.kind === 'fn'
            ? meaning.decl.params.map((p) => {
                  const known = this.s.program.names.get(p.name);
                  return { name: p.name.name, type: known?.kind === 'local' ? known.type : { k: 'any' } };
              })
            : [];
    }

    /** `token: `, for parameters that have no argument yet. */
    private namedArguments(node: Node): Offer[] {
        const [parent, around] = this.s.place?.above ?? [];
        const call = isKind(around, 'call') ? around : undefined;
        const made = isKind(around, 'new') ? around : undefined;
        if (!parent || 'kind' in parent || (!call && !made)) {
            return [];
        }
        const args = (call ?? made)?.args ?? [];
        const arg = args.find((a) => a.value === node);
        if (!arg || arg.name) {
            return [];
        }
        const index = args.indexOf(arg);
        const byPosition = args.slice(0, index).filter((a) => !a.name).length;
        const given = new Set(args.flatMap((a) => (a.name ? [a.name.name] : [])));
        const params: readonly { name: string; required: boolean }[] = call
            ? this.paramsOf(call).map((p) => ({ name: p.name, required: !('default' in p) && p.rest !== true }))
            : (this.fileKind(made?.name)?.fields ?? []).map((f) => ({ name: f.name.name, required: true }));
        return params
            .filter((p, i) => (made ? true : i >= byPosition) && !given.has(p.name))
            .map((p, i) => ({
                label: `${p.name}:`,
                kind: 'argument',
                rank:
                    (made || index > 0 ? RANK.asked : RANK.own + 60) +
                    i +
                    (p.required ? 0 : 40) -
                    this.usage.bonus(p.name, '', ':'),
                snippet: `${p.name}: $0`,
            }));
    }

    private fileKind(name: Ident | undefined): ReturnType<Program['fileKinds']['get']> {
        return name && this.s.program.fileKinds.get(name.name);
    }

    // ------------------------------------------------------------ names in other places

    private word(node: Ident, parent: Node | undefined): Offer[] {
        const { s, usage } = this;
        const { program } = s;
        const shipped =
            (of: 'layer' | 'flaw' | 'cost' | 'injection point' | 'finding' | 'type' | 'file kind') => (name: string) =>
                ({ kind: 'shipped', of, name }) as const;
        if (!parent) {
            return [];
        }
        if (!('kind' in parent)) {
            return this.inRecord(parent, node);
        }
        switch (parent.kind) {
            case 'member':
                return memberOffers(s, parent, usage);
            case 'process':
                return this.processes();
            case 'in':
            case 'kill':
            case 'send':
                return this.processOrName(parent, node);
            case 'fails':
            case 'may':
                return this.errors();
            case 'explore-entry':
                return this.exploring(parent, node);
            case 'inject':
                return this.injected(parent, node);
            case 'at':
                return [keyword('handover', 'at', RANK.asked, 'handover { $0 }')];
            case 'scenario':
                return listed(Object.keys(CATALOGUE).filter(isDiagnosisCode), 'finding', usage, [], shipped('finding'));
            case 'handler':
                return node === parent.forKind
                    ? listed([...program.fileKinds.keys(), ...program.natives.fileKinds.keys()], 'file kind', usage)
                    : node === parent.name
                      ? []
                      : listed(program.flbs.keys(), 'FLB', usage);
            case 'new':
                return listed(program.fileKinds.keys(), 'file kind', usage);
            case 'type':
                return node === parent.target
                    ? listed(program.structs.keys(), 'struct', usage)
                    : listed(
                          [...SIMPLE_TYPES, ...program.structs.keys(), ...program.fileKinds.keys()],
                          'type',
                          usage,
                          TYPES,
                      );
            case 'cost':
                return listed(SETTABLE_COSTS, 'cost', usage, [], shipped('cost'));
            case 'call':
                return ['readonly_reply', 'stalled_reply'].map((w, i) => keyword(w, 'call', RANK.asked + i));
            case 'callback':
                return [
                    { label: 'args', kind: 'parameter', rank: RANK.asked },
                    { label: 'file', kind: 'parameter', rank: 1 },
                ];
            case 'entry':
                return this.entryKey();
            case 'setting':
                return this.kernelWord(parent, node);
            case 'list':
                return 'key' in parent ? this.kernelWord(parent, node) : [];
            case 'file':
            case 'flb':
                return node === parent.name ? [] : callbackOffers(s, parent);
            default:
                return [];
        }
    }

    private processOrName(parent: Extract<Node, { kind: 'in' | 'kill' | 'send' }>, node: Ident): Offer[] {
        if (parent.kind === 'send' && node === parent.as) {
            return [];
        }
        const { scope } = this.s;
        return [...(scope?.processes ?? [])].map(([name, status]) => ({
            label: name,
            kind: 'process',
            rank:
                (status === 'dead' ? RANK.far : RANK.asked) +
                (name === scope?.process ? RANK.own : 0) -
                this.usage.bonus(name),
        }));
    }

    /** Errors; first those that the documentation of the call names. */
    private errors(): Offer[] {
        const statement = this.s.place?.above.find(
            (n) => isKind(n, 'expr') || isKind(n, 'assign') || isKind(n, 'send'),
        );
        const call = statement && firstCall(statement);
        const native = call && this.nativeOf(call);
        const doc = native && 'doc' in native && typeof native.doc === 'string' ? native.doc : '';
        const named = [...new Set([...doc.matchAll(/\bE[A-Z0-9]{2,}\b/g)].map((m) => m[0]))];
        const globals = [...this.s.program.natives.globals.values()].filter((g) => /^E[A-Z0-9]+$/.test(g.name));
        return globals.map((global) => ({
            label: global.name,
            kind: 'error',
            rank:
                (named.includes(global.name)
                    ? RANK.asked + named.indexOf(global.name)
                    : RANK.own + (ERRORS.indexOf(global.name) + 1 || 90)) - this.usage.bonus(global.name),
            subject: { kind: 'global', global },
        }));
    }

    /** An entry of `explore`, or what stands behind it. */
    private exploring({ what }: ExploreEntry, node: Ident): Offer[] {
        if (node === what) {
            return [...EXPLORE_ENTRIES.keys()].map((name, i) => keyword(name, 'explore', RANK.asked + i));
        }
        switch (what.name) {
            case 'crash':
                return this.processes();
            case 'fail':
                return this.failing();
            case 'errors':
                return this.errors();
            case 'flips':
                return listed(this.s.program.structs.keys(), 'struct', this.usage);
            case 'profile':
                return listed(PROFILE_NAMES, 'setting', this.usage);
            default:
                return [];
        }
    }

    private processes(): Offer[] {
        const declared = this.s.scope?.processes.keys() ?? [];
        return listed(new Set([...PROCESSES, ...declared]), 'process', this.usage, PROCESSES);
    }

    private injected(s: Extract<Node, { kind: 'inject' }>, node: Ident): Offer[] {
        const { program } = this.s;
        if (node === s.what) {
            return [{ ...keyword('no', 'inject', RANK.own) }, ...this.errors()];
        }
        const owners = [...program.handlers.values(), ...program.flbs.values(), ...program.fileKinds.values()];
        if (node === s.callback) {
            const owner = owners.find((o) => o.name.name === s.target.name);
            const names = owner?.callbacks.map((c) => c.name.name) ?? [];
            const answers = (name: string): boolean => name.startsWith('can_') === (s.what.name === 'no');
            return names.map((name, i) => ({
                label: name,
                kind: 'callback',
                rank: (answers(name) ? RANK.asked : RANK.own) + i,
                ...(owner ? { subject: { kind: 'callback', owner, name } } : {}),
            }));
        }
        return this.failing();
    }

    /** What can fail: the owners of callbacks, and points of the kernel. */
    private failing(): Offer[] {
        const { program } = this.s;
        const owners = [...program.handlers.values(), ...program.flbs.values(), ...program.fileKinds.values()];
        return [
            ...owners.map(
                (decl): Offer => ({
                    label: decl.name.name,
                    kind: decl.kind === 'flb' ? 'FLB' : decl.kind === 'file' ? 'file kind' : 'handler',
                    rank: RANK.asked + (decl.kind === 'handler' ? 0 : 10) - this.usage.bonus(decl.name.name),
                    subject: { kind: 'declaration', decl },
                }),
            ),
            ...[...program.natives.injectionPoints.keys()].map(
                (name): Offer => ({
                    label: name,
                    kind: 'injection point',
                    rank: RANK.asked + 15 - this.usage.bonus(name),
                    subject: { kind: 'shipped', of: 'injection point', name },
                }),
            ),
        ];
    }

    private entryKey(): Offer[] {
        const inDevice = isKind(this.s.place?.above[1], 'entry');
        const table = inDevice ? 'device' : 'machine';
        const names = settingNames(table);
        return [
            ...listed(names, 'setting', this.usage, names, (name) => ({ kind: 'setting', of: table, name })),
            ...snippetOffers(table, RANK.own),
        ];
    }

    private entryWord(entry: Extract<Node, { kind: 'entry' }>, node: Expr): Offer[] {
        const table = isKind(this.s.place?.above[1], 'entry') ? 'device' : 'machine';
        const { name } = entry.key;
        if (name === 'cost') {
            return listed(SETTABLE_COSTS, 'cost', this.usage);
        }
        const words = listed(settingWords(table, name), 'setting', this.usage, [], (word) => ({
            kind: 'setting',
            of: table,
            name,
            word,
        }));
        const more = entry.args[0] === node ? [] : [...(name === 'device' ? ['at'] : []), 'node'];
        const devices = name === 'device' || words.length > 0 ? [] : deviceNames(this.s);
        return [
            ...words,
            ...more.map((label): Offer => ({ label, kind: 'keyword', rank: RANK.asked })),
            ...listed(devices, 'device', this.usage),
            ...nameOffers(this.s, this.usage, { type: { k: 'int' }, usual: [] }).filter((o) => o.kind === 'constant'),
        ];
    }

    private kernelWord(parent: KernelSetting | KernelList, node: Ident): Offer[] {
        if (node === parent.key) {
            const names = settingNames('kernel');
            return [
                ...listed(names, 'setting', this.usage, names, (name) => ({ kind: 'setting', of: 'kernel', name })),
                keyword('init', 'init', RANK.own, 'init {\n    $0\n}'),
            ];
        }
        switch (parent.key.name) {
            case 'layers':
                return listed(LAYERS.keys(), 'layer', this.usage, [], (name) => ({
                    kind: 'shipped',
                    of: 'layer',
                    name,
                }));
            case 'flaws':
                return listed(FLAWS.keys(), 'flaw', this.usage, [], (name) => ({ kind: 'shipped', of: 'flaw', name }));
            default:
                return listed(this.s.program.handlers.keys(), 'handler', this.usage);
        }
    }

    /** The names of fields, parameters and arguments, whose nodes have no kind. */
    private inRecord(parent: Node, node: Ident): Offer[] {
        const around = this.s.place?.above[1];
        if (isKind(around, 'file') || isKind(around, 'flb') || isKind(around, 'handler')) {
            return callbackOffers(this.s, around);
        }
        return isKind(around, 'call') || isKind(around, 'new')
            ? this.namedArguments(parent === node ? node : parent)
            : [];
    }
}

function firstCall(node: Node): CallExpr | undefined {
    if (isKind(node, 'call')) {
        return node;
    }
    for (const child of childrenOf(node)) {
        const found = firstCall(child);
        if (found) {
            return found;
        }
    }
    return undefined;
}
