/**
 * Start and end of kernels: `boot`, `reboot(KEXEC)`, functions that call them, and calls that are expected to panic or
 * oops.
 */
import { DESCRIPTIONS, descriptionOf } from '../../kernel/release/descriptions';
import { listed } from '../../text/text';
import type { FunctionShape } from '../natives';
import { isBeside } from '../paths';
import type { BootStmt, CallExpr, Expectation, Expr, Span, StringLit } from '../syntax/ast';
import { checkCommandLine } from './command-line';
import type { CodeContext, KernelEnd } from './context';
import { Flow } from './flow';
import type { FnInfo } from './program-builder';

export function checkBoot(c: CodeContext, s: BootStmt): void {
    c.require('scenario', s, '`boot`');
    kernelName(c, s.kernel.value, s.kernel);
    if (s.image && s.image.start < s.image.end) {
        checkImagePath(c, s.image);
    }
    if (s.cmdline && s.kernel.start === s.kernel.end) {
        c.error(
            'LU0304',
            s.cmdline,
            'The kernel in the image already has a command line. To pass another one, name a kernel: `boot "7.2" from image …`.',
        );
    }
    if (s.cmdline) {
        checkCommandLine(c, s.cmdline);
    }
    newKernel(c, `the \`boot\` on line ${c.line(s)}`);
    if (c.unit.fn) {
        c.unit.fn.endsKernel = 'always';
    }
}

/** An image is a file beside the source file or below it. */
export function checkImagePath(c: CodeContext, image: StringLit): void {
    if (!isBeside(image.value)) {
        c.error('LU0215', image, 'An image must be in the folder of this file or below it: `"handover.elf.gz"`.');
    } else if (!c.program.fileExists(c.unit.uri, image.value)) {
        c.error('LU0215', image, `There is no file "${image.value}" in the folder of this file.`);
    }
}

function newKernel(c: CodeContext, why: string): void {
    c.flow.newKernel(c.program.nextKernelId(), why);
}

/** Reports a kernel that does not exist. */
export function kernelName(c: CodeContext, name: string, at: Span): void {
    const { program } = c;
    if (at.start < at.end && !program.kernels.has(name) && descriptionOf(name) === undefined) {
        const known = [...program.kernels.keys(), ...DESCRIPTIONS.keys()];
        c.unknown(
            'LU0213',
            at,
            name,
            `There is no kernel "${name}". Expected ${listed(
                known.map((k) => `"${k}"`),
                'or',
            )}, or a stable release such as "7.2.3".`,
            [],
        );
    }
}

/** The native that is called; undefined for other functions. */
function nativeOf(c: CodeContext, { callee }: CallExpr): FunctionShape | undefined {
    const member = c.program.members.get(callee);
    if (member) {
        return member.kind === 'method' ? member.method : undefined;
    }
    const name = callee.kind === 'name' ? c.program.names.get(callee) : undefined;
    return name?.kind === 'native' ? name.native : undefined;
}

/**
 * The kernel that a call names must exist; `reboot(KEXEC)` and `crash()` end the running one.
 * @param tried it may fail
 */
export function afterCall(c: CodeContext, e: CallExpr, tried: boolean): void {
    const native = nativeOf(c, e);
    if (!native) {
        return;
    }
    const at = native.params.findIndex((p) => p.name === 'kernel' && p.type.k === 'string');
    const kernel = e.args.find((a, i) => (a.name ? a.name.name === 'kernel' : i === at))?.value;
    if (at >= 0 && !tried && kernel?.kind === 'string') {
        kernelName(c, kernel.value, kernel);
    }
    const line = native.params.findIndex((p) => p.name === 'cmdline');
    const given = line < 0 ? undefined : e.args.find((a, i) => (a.name ? a.name.name === 'cmdline' : i === line));
    if (given) {
        checkCommandLine(c, given.value);
    }
    if (native.name.startsWith('kexec_')) {
        loads(c, e);
    }
    const first = e.args[0]?.value;
    if (native.name === 'reboot' && first?.kind === 'name' && first.name === 'KEXEC' && !c.flow.comesBack) {
        c.kernelEnd = { call: e, certain: !tried };
    }
    // a capture kernel may run behind it
    if (native.name === 'crash') {
        c.kernelEnd = { call: e, certain: true };
    }
}

/** An image is loaded; whether to be come back from, only its call says. */
function loads(c: CodeContext, e: CallExpr): void {
    c.flow.comesBack = e.args.some((a) => a.name?.name === 'preserve_context');
    if (c.unit.fn && c.flow.comesBack) {
        c.unit.fn.loadsToReturn = true;
    }
}

/** A function may end the kernel, and start and end processes. */
export function afterFn(c: CodeContext, fn: FnInfo, e: CallExpr): void {
    for (const name of fn.touches) {
        const p = c.flow.procs.get(name) ?? c.flow.start(name, c.isArray(name));
        p.open = true;
        p.status = 'maybe';
        c.unit.fn?.touches.add(name);
    }
    c.flow.comesBack ||= fn.loadsToReturn;
    if (fn.endsKernel !== 'no') {
        c.kernelEnd = { call: e, certain: fn.endsKernel === 'always' };
    }
}

/** The effect of a call with an expectation on the flow. */
export function afterExpected(c: CodeContext, call: Expr, expect: Expectation): void {
    if (expect.kind === 'panics' && c.kernelEnd?.call !== call) {
        if (c.context === 'user') {
            c.kernelEnd = { call, certain: true };
        } else {
            c.error(
                'LU0402',
                expect,
                'A kernel panics during a system call or while it boots. Put `panics` into a process block, after a system call or `reboot(KEXEC)`.',
            );
        }
    }
    if (expect.kind === 'oopses') {
        oopses(c, call, expect);
    }
    if (expect.kind === 'fails' && c.kernelEnd?.call === call) {
        c.kernelEnd = undefined;
    }
}

/** The kernel oopses in a call: its process dies there, and nothing after the call runs. */
function oopses(c: CodeContext, call: Expr, expect: Expectation): void {
    if (c.context !== 'user') {
        c.error(
            'LU0402',
            expect,
            'An oops ends the process that makes a system call. Put `oopses` into a process block, after a system call.',
        );
        return;
    }
    const why = `the oops in ${c.text(call)} on line ${c.line(call)}`;
    if (c.process !== undefined) {
        c.flow.end(c.process, why);
    }
    c.escapes.push(c.flow.copy());
    c.flow.ended = `${why} ends the process`;
}

/** The flow after a statement that ends the kernel. */
export function endKernel(c: CodeContext, { call, certain }: KernelEnd): void {
    const why = `the ${c.text(call)} on line ${c.line(call)}`;
    const before = certain ? undefined : c.flow.copy();
    newKernel(c, why);
    const inUser = c.context === 'user';
    if (c.unit.fn) {
        c.unit.fn.endsKernel = certain && c.unit.fn.endsKernel !== 'maybe' ? 'always' : 'maybe';
    }
    if (before) {
        c.flow = Flow.join(before, c.flow);
    } else if (inUser) {
        c.escapes.push(c.flow.copy());
        c.flow.ended = `${why} ends every process`;
    }
}
