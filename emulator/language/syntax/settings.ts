/** Reads `machine { }` and `kernel "…" { }`. */
import { LAYER_VERSION } from '../../kernel/release/layers';
import { KERNEL_LISTS } from '../settings/kernel';
import type { Expr, Ident, KernelDecl, KernelEntry, MachineDecl, MachineEntry } from './ast';
import type { Cursor } from './cursor';
import { parseExpr } from './expressions';
import { parseBlock } from './statements';

export function parseMachine(c: Cursor): MachineDecl {
    const { start } = c.advance();
    const like = parseLike(c);
    const entries = like.length > 0 && !c.is('{') ? [] : c.opens('machine') ? parseEntries(c, 'machine') : [];
    return { kind: 'machine', entries: [...like, ...entries], start, end: c.lastEnd };
}

/** `machine like "handover.elf.gz"`: the entry `like`, before the braces. */
function parseLike(c: Cursor): MachineEntry[] {
    if (c.token.kind !== 'ident' || c.token.text !== 'like') {
        return [];
    }
    const key = c.ident('like');
    const path = c.stringLit('The path of the image');
    return [{ kind: 'entry', key, args: [path], options: [], start: key.start, end: c.lastEnd }];
}

function parseEntries(c: Cursor, what: string): MachineEntry[] {
    const entries: MachineEntry[] = [];
    c.braced(what, () => {
        c.join();
        const entry = parseEntry(c);
        if (entry.key.name !== '') {
            entries.push(entry);
        }
        c.finish('entry');
    });
    return entries;
}

function parseEntry(c: Cursor): MachineEntry {
    const key = c.ident('an entry (memory, map, cpus)');
    const { start } = key;
    const args: Expr[] = [];
    const options: { key: Ident; value: Expr }[] = [];
    if (key.name === '') {
        c.skipLine();
    }
    while (!c.atEnd) {
        const t = c.token;
        const next = c.peek(1);
        const before = c.pos;
        if (
            t.kind === 'ident' &&
            args.length > 0 &&
            !c.breaks(1) &&
            next.kind !== 'eof' &&
            (next.kind !== 'punct' || next.text === '(')
        ) {
            const option = c.ident('an option');
            options.push({ key: option, value: parseExpr(c, `the value of \`${option.name}\``) });
        } else if (t.kind === 'punct' && !['(', '[', '-', '~', '!'].includes(t.text)) {
            break;
        } else {
            args.push(parseExpr(c, 'a value'));
            c.accept(',');
        }
        if (c.pos === before) {
            break;
        }
    }
    const body = key.name === 'device' && c.is('{') ? parseEntries(c, 'device') : undefined;
    return { kind: 'entry', key, args, options, ...(body && { body }), start, end: Math.max(start, c.lastEnd) };
}

export function parseKernel(c: Cursor): KernelDecl {
    const { start } = c.advance();
    const name = c.stringLit('The name of the kernel');
    const from = c.acceptWord('from') ? c.stringLit('The base kernel') : undefined;
    const entries: KernelEntry[] = [];
    if (c.opens('kernel')) {
        c.braced('kernel', () => {
            c.join();
            const entry = parseKernelEntry(c);
            if (entry) {
                entries.push(entry);
            }
            c.finish('entry');
        });
    }
    const d: KernelDecl = { kind: 'kernel', name, entries, start, end: c.lastEnd };
    return from ? { ...d, from } : d;
}

/** `pci v8, iommu`: a layer can have a version. */
function layers(c: Cursor, what: string): Ident[] {
    const names: Ident[] = [];
    do {
        const series = c.ident(what);
        const versioned = series.name !== '' && c.isIdent() && LAYER_VERSION.test(c.token.text);
        const version = versioned ? c.ident(what) : undefined;
        names.push(version ? { ...series, name: `${series.name} ${version.name}`, end: version.end } : series);
    } while (c.accept(','));
    return names;
}

function parseKernelEntry(c: Cursor): KernelEntry | undefined {
    const { start } = c.token;
    const key = c.ident('an entry (handlers, cmdline, init)');
    if (key.name === '') {
        c.skipLine();
        return undefined;
    }
    if (key.name === 'init' && c.is('{')) {
        const body = parseBlock(c, '`init`');
        return { kind: 'init', body, start, end: c.lastEnd };
    }
    if (key.name === 'cost' && c.isIdent()) {
        const cost = c.ident('a cost');
        const value = parseExpr(c, `the time of \`${cost.name}\``);
        return { kind: 'cost', cost, value, start, end: c.lastEnd };
    }
    const next = c.peek(1);
    const list = Object.hasOwn(KERNEL_LISTS, key.name);
    const signed = (c.is('+') || c.is('-')) && (next.kind === 'ident' || list);
    const listed = c.isIdent() && next.kind === 'punct' && next.text === ',';
    if (signed || listed || list) {
        const sign = c.is('+') ? '+' : c.is('-') ? '-' : '';
        if (sign !== '') {
            c.advance();
        }
        const element = `an element of \`${key.name}\``;
        const names = key.name === 'layers' ? layers(c, element) : c.idents(element);
        return { kind: 'list', key, sign, names, start, end: c.lastEnd };
    }
    c.accept('=');
    const value = parseExpr(c, `the value of \`${key.name}\``);
    return { kind: 'setting', key, value, start, end: c.lastEnd };
}
