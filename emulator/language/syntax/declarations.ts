/** Reads declarations, except those with callbacks (kinds.ts) and those with settings (settings.ts). */
import { insertAt } from '../check-finding';
import type {
    ConstDecl,
    Expr,
    FnDecl,
    ImportDecl,
    Item,
    Param,
    ScenarioDecl,
    ScenarioParam,
    StringLit,
    StructDecl,
    StructField,
} from './ast';
import type { Cursor } from './cursor';
import { parseArgs, parseExpr } from './expressions';
import { parseFile, parseFlb, parseHandler } from './kinds';
import { parseKernel, parseMachine } from './settings';
import { parseBlock } from './statements';
import { parseType } from './type-expressions';

/** Returns undefined and reads nothing if no declaration begins here. */
export function parseItem(c: Cursor): Item | undefined {
    const t = c.token;
    switch (t.kind === 'ident' ? t.text : '') {
        case 'import':
            return parseImport(c);
        case 'const':
            return parseConst(c);
        case 'machine':
            return parseMachine(c);
        case 'scenario':
            return parseScenario(c);
        case 'struct':
            return parseStruct(c);
        case 'file':
            return parseFile(c);
        case 'flb':
            return parseFlb(c);
        case 'handler':
            return parseHandler(c);
        case 'kernel':
            return parseKernel(c);
        case 'fn':
            return parseFn(c);
        default:
            return undefined;
    }
}

function parseImport(c: Cursor): ImportDecl {
    const { start } = c.advance();
    const shipped = c.is('<');
    const path = shipped ? shippedName(c) : c.stringLit('The path of a file');
    return { kind: 'import', path, shipped, start, end: c.lastEnd };
}

/** `<luod>` */
function shippedName(c: Cursor): StringLit {
    const { start } = c.token;
    c.advance();
    const name = c.ident('a program of the emulator');
    if (!c.accept('>') && name.name !== '') {
        c.error('LU0116', c.token, 'Expected `>` after the name of the program: `import <luod>`.');
    }
    return { kind: 'string', value: name.name, start, end: c.lastEnd };
}

function parseConst(c: Cursor): ConstDecl {
    const { start } = c.advance();
    const name = c.ident('the constant');
    if (!c.accept('=')) {
        c.errorHere('LU0132', 'A `=` and the value of the constant are missing here.');
    }
    const value = parseExpr(c, 'the value of the constant');
    return { kind: 'const', name, value, start, end: c.lastEnd };
}

function parseScenario(c: Cursor): ScenarioDecl {
    const { start } = c.advance();
    const name = c.stringLit('The name of the scenario');
    const param = c.isWord('for') ? parseParameter(c) : undefined;
    const finds = c.acceptWord('finds') ? c.idents('a finding (LU1003)') : undefined;
    const choosing = c.acceptWord('choosing') ? parseChoices(c) : undefined;
    const avoidableUntil = c.acceptWord('avoidable_until') ? c.stringLit('A choice') : undefined;
    const body = parseBlock(c, 'scenario');
    const d: ScenarioDecl = { kind: 'scenario', name, body, start, end: c.lastEnd };
    return {
        ...d,
        ...(param && { param }),
        ...(finds && { finds }),
        ...(choosing && { choosing }),
        ...(avoidableUntil && { avoidableUntil }),
    };
}

/** `for ram in [1GiB, 8GiB]` */
function parseParameter(c: Cursor): ScenarioParam {
    const { start } = c.advance();
    const variable = c.ident('the parameter');
    if (!c.acceptWord('in')) {
        c.errorHere('LU0131', 'The values are missing: `scenario "…" for ram in [1GiB, 8GiB] { }`.');
    }
    const values = parseExpr(c, 'the list of values');
    if (values.kind !== 'list' && values.kind !== 'error') {
        c.error('LU0131', values, 'The values of a parameter are a list: `for ram in [1GiB, 8GiB]`.');
    }
    return {
        variable,
        values: values.kind === 'list' ? values : { kind: 'error', start: values.start, end: values.end },
        start,
        end: c.lastEnd,
    };
}

function parseChoices(c: Cursor): StringLit[] {
    const choices: StringLit[] = [];
    do {
        c.join();
        choices.push(c.stringLit('A choice'));
    } while (c.accept(','));
    return choices;
}

function parseStruct(c: Cursor): StructDecl {
    const { start } = c.advance();
    const name = c.ident('the struct');
    const fields: StructField[] = [];
    if (c.opens('struct')) {
        c.braced('struct', () => {
            c.join();
            const fieldName = c.ident('a field');
            if (fieldName.name === '') {
                c.skipLine();
                return;
            }
            if (!c.accept(':')) {
                c.errorHere(
                    'LU0134',
                    `The type of \`${fieldName.name}\` is missing. Write \`${fieldName.name}: u64\`.`,
                );
            }
            const type = parseType(c);
            fields.push({ name: fieldName, type, start: fieldName.start, end: c.lastEnd });
            c.accept(',');
            c.finish('field');
        });
    }
    return { kind: 'struct', name, fields, start, end: c.lastEnd };
}

function parseFn(c: Cursor): FnDecl {
    const { start } = c.advance();
    const name = c.ident('the function');
    const params: Param[] = [];
    if (c.is('(')) {
        c.bracketed(')', () => {
            while (c.isIdent()) {
                const param = c.ident('a parameter');
                const type = c.accept(':') ? parseType(c) : undefined;
                const p: Param = { name: param, start: param.start, end: c.lastEnd };
                params.push(type ? { ...p, type } : p);
                c.accept(',');
            }
        });
    } else {
        c.errorHere(
            'LU0135',
            `The parameters of \`${name.name}\` are missing. Write \`fn ${name.name}() { }\`.`,
            insertAt(c.lastEnd, '()'),
        );
    }
    const label: Expr[] = [];
    if (c.isWord('label') && c.peek(1).text === '(') {
        c.advance();
        label.push(...parseArgs(c).map((a) => a.value));
    }
    const body = parseBlock(c, `function \`${name.name}\``);
    return { kind: 'fn', name, params, label, body, start, end: c.lastEnd };
}
