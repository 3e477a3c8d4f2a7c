/** The parser of `.lus` files: declarations. It reads every text, in linear time, and always yields a tree whose spans nest. */
import type {
    Callback,
    Expr,
    FileDecl,
    FlbDecl,
    FnDecl,
    HandlerDecl,
    Ident,
    Item,
    KernelDecl,
    KernelEntry,
    KindField,
    MachineDecl,
    MachineEntry,
    Param,
    ScenarioDecl,
    SourceFile,
    StringLit,
    StructDecl,
    StructField,
    TypeExpr,
} from './ast';
import { near } from '../nearest';
import { lex } from './lexer';
import { beginsItem, ITEM_KEYWORDS } from './structure';
import { StmtParser } from './statements';
import type { Diagnostic } from '../program';

/** Keys of a kernel's entries that name a list. */
const LIST_KEYS: ReadonlySet<string> = new Set(['handlers', 'modules', 'flbs', 'layers', 'flaws']);

class Parser extends StmtParser {
    items(): Item[] {
        const items: Item[] = [];
        while (this.token.kind !== 'eof') {
            const before = this.pos;
            if (this.is('}') || this.token.text === '}') {
                this.strayBrace(this.advance());
                continue;
            }
            this.joined = this.pos;
            if (this.accept(';')) {
                continue;
            }
            const item = this.item();
            if (item !== undefined) {
                items.push(item);
                this.finish('declaration');
            }
            if (this.pos === before) {
                this.advance();
            }
        }
        return items;
    }

    /** `<luod>` */
    private shippedName(): StringLit {
        const { start } = this.token;
        this.advance();
        const name = this.ident('the program that ships with the emulator');
        if (!this.accept('>') && name.name !== '') {
            this.error('LU0116', this.token, 'Behind the name of the program stands `>`: `import <luod>`.');
        }
        return { kind: 'string', value: name.name, start, end: this.lastEnd };
    }

    private item(): Item | undefined {
        const t = this.token;
        switch (t.kind === 'ident' ? t.text : '') {
            case 'import': {
                this.advance();
                const shipped = this.is('<');
                const path = shipped ? this.shippedName() : this.stringLit('The path of the file');
                return { kind: 'import', path, shipped, start: t.start, end: this.lastEnd };
            }
            case 'const': {
                this.advance();
                const name = this.ident('the constant');
                if (!this.accept('=')) {
                    this.errorHere('LU0132', 'A `=` and the value of the constant are missing here.');
                }
                const value = this.expr('the value of the constant');
                return { kind: 'const', name, value, start: t.start, end: this.lastEnd };
            }
            case 'machine':
                return this.machine();
            case 'scenario': {
                this.advance();
                const name = this.stringLit('The name of the scenario');
                const finds = this.acceptWord('finds') ? this.names('a finding (LU1003)') : undefined;
                const body = this.block('scenario');
                const d: ScenarioDecl = { kind: 'scenario', name, body, start: t.start, end: this.lastEnd };
                return finds ? { ...d, finds } : d;
            }
            case 'struct':
                return this.struct();
            case 'file':
                return this.file();
            case 'flb':
                return this.flb();
            case 'handler':
                return this.handler();
            case 'kernel':
                return this.kernel();
            case 'fn':
                return this.fn();
            default:
                this.notAnItem();
                return undefined;
        }
    }

    /** Everything up to the next declaration is one error. */
    private notAnItem(): void {
        const t = this.token;
        const nearest = t.kind === 'ident' ? near(t.text, ITEM_KEYWORDS) : undefined;
        const next = this.peek(1);
        if (
            nearest !== undefined &&
            !next.first &&
            (next.kind === 'ident' || next.kind === 'string' || next.text === '{')
        ) {
            this.error('LU0133', t, `No declaration begins with \`${t.text}\`: did you mean \`${nearest}\`?`, {
                title: `Change to \`${nearest}\``,
                at: t,
                text: nearest,
            });
        } else {
            this.error(
                'LU0133',
                t,
                'Only declarations stand here (scenario, machine, kernel, handler, flb, file, struct, fn, const, import): put statements into a `scenario "name" { }`.',
            );
        }
        do {
            this.joined = this.pos;
            const before = this.pos;
            this.skipLine();
            if (this.pos === before) {
                this.advance();
            }
        } while (this.token.kind !== 'eof' && !beginsItem(this.token, this.peek(1)) && this.token.text !== '}');
    }

    private open(what: string): boolean {
        if (this.is('{')) {
            return true;
        }
        this.errorHere('LU0123', `The \`{\` of this ${what} is missing here.`, {
            title: 'Insert `{ }`',
            at: { start: this.lastEnd, end: this.lastEnd },
            text: ' { }',
        });
        this.skipLine();
        return false;
    }

    private machine(): MachineDecl {
        const { start } = this.advance();
        const entries = this.open('machine') ? this.machineEntries('machine') : [];
        return { kind: 'machine', entries, start, end: this.lastEnd };
    }

    private machineEntries(what: string): MachineEntry[] {
        const entries: MachineEntry[] = [];
        this.braced(what, () => {
            this.joined = this.pos;
            const entry = this.machineEntry();
            if (entry.key.name !== '') {
                entries.push(entry);
            }
            this.finish('entry');
        });
        return entries;
    }

    private machineEntry(): MachineEntry {
        const key = this.ident('an entry (memory, map, cpus)');
        const { start } = key;
        const args: Expr[] = [];
        const options: { key: Ident; value: Expr }[] = [];
        if (key.name === '') {
            this.skipLine();
        }
        while (!this.atEnd) {
            const t = this.token;
            const next = this.peek(1);
            const before = this.pos;
            if (
                t.kind === 'ident' &&
                args.length > 0 &&
                !this.breaks(1) &&
                next.kind !== 'eof' &&
                (next.kind !== 'punct' || next.text === '(')
            ) {
                const option = this.ident('an option');
                options.push({ key: option, value: this.expr(`the value of \`${option.name}\``) });
            } else if (t.kind === 'punct' && !['(', '[', '-', '~', '!'].includes(t.text)) {
                break;
            } else {
                args.push(this.expr('a value'));
                this.accept(',');
            }
            if (this.pos === before) {
                break;
            }
        }
        const body = key.name === 'device' && this.is('{') ? this.machineEntries('device') : undefined;
        return { kind: 'entry', key, args, options, ...(body && { body }), start, end: Math.max(start, this.lastEnd) };
    }

    private struct(): StructDecl {
        const { start } = this.advance();
        const name = this.ident('the struct');
        const fields: StructField[] = [];
        if (this.open('struct')) {
            this.braced('struct', () => {
                this.joined = this.pos;
                const fieldName = this.ident('a field');
                if (fieldName.name === '') {
                    this.skipLine();
                    return;
                }
                if (!this.accept(':')) {
                    this.errorHere(
                        'LU0134',
                        `The type of \`${fieldName.name}\` is missing: write \`${fieldName.name}: u64\`.`,
                    );
                }
                const type = this.type();
                fields.push({ name: fieldName, type, start: fieldName.start, end: this.lastEnd });
                this.accept(',');
                this.finish('field');
            });
        }
        return { kind: 'struct', name, fields, start, end: this.lastEnd };
    }

    private type(): TypeExpr {
        const name = this.ident('a type');
        const target = name.name === 'phys' && this.isIdent() ? this.ident('a struct') : undefined;
        const bits = this.accept(':') ? this.expr('the number of bits') : undefined;
        let length: Expr | undefined;
        if (this.is('[')) {
            this.bracketed(']', () => {
                length = this.expr('the length');
            });
        }
        const t: TypeExpr = { kind: 'type', name, start: name.start, end: this.lastEnd };
        return { ...t, ...(target && { target }), ...(bits && { bits }), ...(length && { length }) };
    }

    private callback(name: Ident): Callback {
        const params: Ident[] = [];
        this.bracketed(')', () => {
            while (this.isIdent()) {
                params.push(this.ident('a parameter'));
                this.accept(',');
            }
        });
        const body = this.block(`callback \`${name.name}\``);
        return { kind: 'callback', name, params, body, start: name.start, end: this.lastEnd };
    }

    /** Callbacks, and fields where `field` reads them. */
    private members(what: string, callbacks: Callback[], field?: (name: Ident) => void): void {
        if (!this.open(what)) {
            return;
        }
        this.braced(what, () => {
            this.joined = this.pos;
            const name = this.ident(field ? 'a field or a callback' : 'a callback');
            if (name.name === '') {
                this.skipLine();
            } else if (this.is('(')) {
                callbacks.push(this.callback(name));
                this.finish('callback');
            } else if (field) {
                field(name);
                this.finish('field');
            } else {
                this.errorHere(
                    'LU0135',
                    `The parameters of \`${name.name}\` are missing: write \`${name.name}(args) { }\`.`,
                    { title: 'Insert `(args)`', at: { start: name.end, end: name.end }, text: '(args)' },
                );
                if (this.is('{')) {
                    callbacks.push({
                        kind: 'callback',
                        name,
                        params: [],
                        body: this.block('callback'),
                        start: name.start,
                        end: this.lastEnd,
                    });
                }
                this.finish('callback');
            }
        });
    }

    private file(): FileDecl {
        const { start } = this.advance();
        const name = this.ident('the file kind');
        const path = this.acceptWord('at') ? this.stringLit('The path of the device') : undefined;
        const fields: KindField[] = [];
        const callbacks: Callback[] = [];
        this.members('file kind', callbacks, (fieldName) => {
            const type = this.accept(':') ? this.type() : undefined;
            const init = this.accept('=') ? this.expr('the initial value') : undefined;
            const f: KindField = { name: fieldName, start: fieldName.start, end: this.lastEnd };
            fields.push({ ...f, ...(type && { type }), ...(init && { init }) });
        });
        const d: FileDecl = { kind: 'file', name, fields, callbacks, start, end: this.lastEnd };
        return path ? { ...d, path } : d;
    }

    private flb(): FlbDecl {
        const { start } = this.advance();
        const name = this.ident('the FLB');
        const compatible = this.stringLit('The compatible string');
        const callbacks: Callback[] = [];
        this.members('FLB', callbacks);
        return { kind: 'flb', name, compatible, callbacks, start, end: this.lastEnd };
    }

    private handler(): HandlerDecl {
        const { start } = this.advance();
        const name = this.ident('the handler');
        const compatible: StringLit = this.stringLit('The compatible string');
        const forKind = this.acceptWord('for') ? this.ident('the file kind it is for') : undefined;
        const uses = this.acceptWord('uses') ? this.names('an FLB') : [];
        const callbacks: Callback[] = [];
        this.members('handler', callbacks);
        const d: HandlerDecl = { kind: 'handler', name, compatible, uses, callbacks, start, end: this.lastEnd };
        return forKind ? { ...d, forKind } : d;
    }

    private kernel(): KernelDecl {
        const { start } = this.advance();
        const name = this.stringLit('The name of the kernel');
        const from = this.acceptWord('from') ? this.stringLit('The kernel it is made from') : undefined;
        const entries: KernelEntry[] = [];
        if (this.open('kernel')) {
            this.braced('kernel', () => {
                this.joined = this.pos;
                const entry = this.kernelEntry();
                if (entry) {
                    entries.push(entry);
                }
                this.finish('entry');
            });
        }
        const d: KernelDecl = { kind: 'kernel', name, entries, start, end: this.lastEnd };
        return from ? { ...d, from } : d;
    }

    private kernelEntry(): KernelEntry | undefined {
        const { start } = this.token;
        const key = this.ident('an entry (handlers, cmdline, init)');
        if (key.name === '') {
            this.skipLine();
            return undefined;
        }
        if (key.name === 'init' && this.is('{')) {
            const body = this.block('`init`');
            return { kind: 'init', body, start, end: this.lastEnd };
        }
        if (key.name === 'cost' && this.isIdent()) {
            const cost = this.ident('a cost');
            const value = this.expr(`what \`${cost.name}\` takes`);
            return { kind: 'cost', cost, value, start, end: this.lastEnd };
        }
        const next = this.peek(1);
        const signed = (this.is('+') || this.is('-')) && (next.kind === 'ident' || LIST_KEYS.has(key.name));
        const listed = this.isIdent() && next.kind === 'punct' && next.text === ',';
        if (signed || listed || LIST_KEYS.has(key.name)) {
            const sign = this.is('+') ? '+' : this.is('-') ? '-' : '';
            if (sign !== '') {
                this.advance();
            }
            const names = this.names(`what \`${key.name}\` gets`);
            return { kind: 'list', key, sign, names, start, end: this.lastEnd };
        }
        this.accept('=');
        const value = this.expr(`the value of \`${key.name}\``);
        return { kind: 'setting', key, value, start, end: this.lastEnd };
    }

    private fn(): FnDecl {
        const { start } = this.advance();
        const name = this.ident('the function');
        const params: Param[] = [];
        if (this.is('(')) {
            this.bracketed(')', () => {
                while (this.isIdent()) {
                    const param = this.ident('a parameter');
                    const type = this.accept(':') ? this.type() : undefined;
                    const p: Param = { name: param, start: param.start, end: this.lastEnd };
                    params.push(type ? { ...p, type } : p);
                    this.accept(',');
                }
            });
        } else {
            this.errorHere(
                'LU0135',
                `The parameters of \`${name.name}\` are missing: write \`fn ${name.name}() { }\`.`,
                { title: 'Insert `()`', at: { start: this.lastEnd, end: this.lastEnd }, text: '()' },
            );
        }
        const label: Expr[] = [];
        if (this.isWord('label') && this.peek(1).text === '(') {
            this.advance();
            label.push(...this.args().map((a) => a.value));
        }
        const body = this.block(`function \`${name.name}\``);
        return { kind: 'fn', name, params, label, body, start, end: this.lastEnd };
    }
}

/** Reads a file. The tree holds what could be read; the diagnostics, sorted by position, say what could not. */
export function parse(uri: string, text: string): { file: SourceFile; diagnostics: Diagnostic[] } {
    const lexed = lex(uri, text);
    const parser = new Parser(uri, lexed);
    const items = parser.items();
    const file: SourceFile = { uri, text, items, comments: lexed.comments, start: 0, end: text.length };
    return {
        file,
        diagnostics: parser.diagnostics.sort((a, b) => a.span.start - b.span.start || a.span.end - b.span.end),
    };
}
