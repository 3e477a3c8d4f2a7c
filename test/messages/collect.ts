/**
 * Every message of the product, from its TypeScript sources, its manifest, the shipped `.lus` code and
 * the recorder's C code, and every paragraph of its documentation.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { lex } from '../../emulator/language/syntax/lexer';
import { PAGES } from '../support/documentation';
import { inRepository, ROOT } from '../support/repository';
import type { Text } from './text';
import { textsOfTypeScript } from './typescript-texts';

/** Folders whose code speaks to people. */
const SOURCES = ['emulator', 'debug-adapter', 'extension'];

/** Two words or more: everything shorter is a name, a key or a unit. */
function isProse(text: string): boolean {
    return /[A-Za-z}`)"][,:;.]? ["A-Za-z$`(]/.test(text);
}

function filesOf(extension: string): string[] {
    return SOURCES.flatMap((folder) =>
        readdirSync(inRepository(folder), { recursive: true, encoding: 'utf8' })
            .filter((f) => f.endsWith(extension))
            .map((f) => `${folder}/${f}`),
    ).sort();
}

async function textsOfSources(): Promise<Text[]> {
    const [{ API }, ast] = await Promise.all([import('typescript/unstable/sync'), import('typescript/unstable/ast')]);
    const api = new API({ cwd: ROOT });
    try {
        const project = api.updateSnapshot({ openProject: inRepository('tsconfig.json') }).getProjects()[0];
        return filesOf('.ts').flatMap((file) => {
            const source = project?.program.getSourceFile(inRepository(file));
            if (source === undefined) {
                throw new Error(`${file} is not part of tsconfig.json`);
            }
            return textsOfTypeScript(ast, file, source);
        });
    } finally {
        api.close();
    }
}

/** Properties of the manifest that VS Code shows. */
const SHOWN = /^(?:displayName|label|title|description|markdownDescription|enumDescriptions)$/;

function textsOfJson(file: string): Text[] {
    const whole = readFileSync(inRepository(file), 'utf8');
    const found: Text[] = [];
    const visit = (value: unknown, role: string): void => {
        if (typeof value === 'string' && SHOWN.test(role)) {
            const line = whole.slice(0, whole.indexOf(JSON.stringify(value))).split('\n').length;
            found.push({ file, line, role, code: '', text: value });
        } else if (typeof value === 'object' && value !== null) {
            for (const [key, member] of Object.entries(value)) {
                visit(member, Array.isArray(value) ? role : key);
            }
        }
    };
    visit(JSON.parse(whole), '');
    return found;
}

function textsOfLus(file: string): Text[] {
    const whole = readFileSync(inRepository(file), 'utf8');
    return lex(file, whole)
        .tokens.filter((t) => t.kind === 'string')
        .map((t) => ({ file, line: whole.slice(0, t.start).split('\n').length, role: '', code: '', text: t.text }));
}

function textsOfC(file: string): Text[] {
    const lines = readFileSync(inRepository(file), 'utf8').split('\n');
    return lines.flatMap((text, i) =>
        [...text.matchAll(/\b(die|fprintf)\((?:stderr, )?"((?:\\.|[^"\\])*)"/g)].map((m) => ({
            file,
            line: i + 1,
            role: m[1] ?? '',
            code: '',
            text: m[2] ?? '',
        })),
    );
}

/** In the order of the files. */
export async function messages(): Promise<Text[]> {
    return [
        ...(await textsOfSources()),
        ...['package.json', ...filesOf('.json')].flatMap(textsOfJson),
        ...filesOf('.lus').flatMap(textsOfLus),
        ...filesOf('.c').flatMap(textsOfC),
    ].filter((t) => isProse(t.text));
}

/** The documentation line by line, without its code. */
export function pages(): Text[] {
    return PAGES.flatMap((file) => {
        const whole = readFileSync(inRepository(file), 'utf8');
        const prose = whole.replace(/^```.*?^```$/gms, (block) => block.replace(/[^\n]/g, ''));
        return prose
            .split('\n')
            .map((text, i) => ({ file, line: i + 1, role: 'page', code: '', text }))
            .filter((t) => isProse(t.text));
    });
}
