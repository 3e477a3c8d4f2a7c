/** Code actions at a place, besides the fixes of findings. */
import type { Edit, Fix } from '../language/check-finding';
import type { Program } from '../language/program';
import type { AssignStmt, CallExpr, ExprStmt, ScenarioDecl, SourceFile } from '../language/syntax/ast';
import type { FunctionShape } from '../language/natives';
import { isKind, placeAt, type Node } from './nodes';
import { callbackText } from './signatures';
import type { CallbackOwner } from './subjects';

/** The call that undoes a call, by the name of the latter: with the variable that it assigns, or with its arguments. */
const UNDONE: Readonly<Record<string, { readonly by: string; readonly of: 'result' | 'arguments' }>> = {
    alloc_preserve: { by: 'kho.unpreserve_free', of: 'result' },
    alloc_folio: { by: 'put_folio', of: 'result' },
    preserve_folio: { by: 'kho.unpreserve_folio', of: 'arguments' },
    preserve_pages: { by: 'kho.unpreserve_pages', of: 'arguments' },
    preserve_vmalloc: { by: 'kho.unpreserve_vmalloc', of: 'result' },
};

/** The most errors that are offered. */
const MOST_ERRORS = 4;

export function actionsAt(program: Program, uri: string, offset: number): Fix[] {
    const file = program.files.get(uri);
    const place = file && placeAt(file, offset);
    if (!file || !place) {
        return [];
    }
    const around = [place.node, ...place.above];
    const statement = around.find((n): n is ExprStmt | AssignStmt => isKind(n, 'expr') || isKind(n, 'assign'));
    const owner = around.find((n): n is CallbackOwner => isKind(n, 'handler') || isKind(n, 'flb') || isKind(n, 'file'));
    const scenario = around.find((n): n is ScenarioDecl => isKind(n, 'scenario'));
    return [
        ...(statement && around.some((n) => isKind(n, 'callback')) ? undoOf(file, statement, around) : []),
        ...(statement && around.some((n) => isKind(n, 'process') || isKind(n, 'in'))
            ? expectations(program, statement)
            : []),
        ...(owner && offset <= owner.name.end ? optionalCallbacks(program, file, owner) : []),
        ...(scenario && offset <= scenario.body.start ? repairedTwin(program, file, scenario) : []),
    ];
}

const callOf = ({ value }: ExprStmt | AssignStmt): CallExpr | undefined => (isKind(value, 'call') ? value : undefined);

function nativeOf(program: Program, { callee }: CallExpr): FunctionShape | undefined {
    const member = isKind(callee, 'member') ? program.members.get(callee) : undefined;
    const meaning = isKind(callee, 'name') ? program.names.get(callee) : undefined;
    return member?.kind === 'method' ? member.method : meaning?.kind === 'native' ? meaning.native : undefined;
}

/** The line after a statement, with the same indentation. */
function lineBehind({ text }: SourceFile, { start, end }: Node, line: string): Edit {
    const lineStart = text.lastIndexOf('\n', start - 1) + 1;
    const indent = /^[ \t]*/.exec(text.slice(lineStart, start))?.[0] ?? '';
    const lineEnd = text.indexOf('\n', end);
    const at = lineEnd < 0 ? text.length : lineEnd;
    return { span: { start: at, end: at }, text: `\n${indent}${line}` };
}

function undoOf(file: SourceFile, s: ExprStmt | AssignStmt, around: readonly Node[]): Fix[] {
    const call = callOf(s);
    const name =
        call && isKind(call.callee, 'member')
            ? call.callee.member.name
            : call && isKind(call.callee, 'name')
              ? call.callee.name
              : '';
    const undone = UNDONE[name];
    if (!call || !undone || around.some((n) => isKind(n, 'undo'))) {
        return [];
    }
    const target = isKind(s, 'assign') ? file.text.slice(s.target.start, s.target.end) : undefined;
    const args = call.args.map((a) => file.text.slice(a.start, a.end)).join(', ');
    const what = undone.of === 'result' ? target : args;
    return what === undefined
        ? []
        : [
              {
                  title: `Add \`undo\` with ${undone.by}()`,
                  edits: [lineBehind(file, s, `undo { ${undone.by}(${what}) }`)],
              },
          ];
}

/** `fails E` for each error that the documentation of the call names. */
function expectations(program: Program, s: ExprStmt | AssignStmt): Fix[] {
    const call = callOf(s);
    const native = call && nativeOf(program, call);
    if (!call || s.expect || native?.fails !== true) {
        return [];
    }
    const errors = [...new Set([...native.doc.matchAll(/\bE[A-Z0-9]{2,}\b/g)].map((m) => m[0]))];
    return errors.slice(0, MOST_ERRORS).map((error) => ({
        title: `Expect \`fails ${error}\``,
        edits: [{ span: { start: s.end, end: s.end }, text: `  fails ${error}` }],
    }));
}

function optionalCallbacks(program: Program, file: SourceFile, owner: CallbackOwner): Fix[] {
    const there = new Set(owner.callbacks.map((c) => c.name.name));
    const missing = [...program.natives.callbacks[owner.kind]].filter(([name, s]) => !s.required && !there.has(name));
    if (missing.length === 0 || !file.text.slice(owner.start, owner.end).endsWith('}')) {
        return [];
    }
    const lines = missing.map(
        ([name, shape]) => `    ${callbackText(name, shape)} { ${shape.result.k === 'bool' ? 'return true ' : ''}}\n`,
    );
    const at = owner.end - 1;
    const fresh = file.text.slice(0, at).endsWith('\n') ? '' : '\n';
    const title = `Add the optional callbacks ${missing.map(([name]) => name).join(', ')}`;
    return [{ title, edits: [{ span: { start: at, end: at }, text: `${fresh}${lines.join('')}` }] }];
}

/** Adds a copy of a scenario that expects findings, without the expectation, for the repaired code. */
function repairedTwin(program: Program, file: SourceFile, scenario: ScenarioDecl): Fix[] {
    const { name, finds, body } = scenario;
    const twin = `${name.value}, repaired`;
    if (!finds || program.scenarios.some((s) => s.name.value === twin)) {
        return [];
    }
    const text = `\n\nscenario "${twin}" ${file.text.slice(body.start, body.end)}`;
    return [{ title: 'Add a copy to repair', edits: [{ span: { start: scenario.end, end: scenario.end }, text }] }];
}
