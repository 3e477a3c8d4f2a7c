/** Statements of every kind, with what they do to the kernel and its processes. */
import { isErrnoName } from '../../kernel/release/errno';
import type {
    AssertStmt,
    Block,
    BootStmt,
    CallExpr,
    ConcurrentlyStmt,
    CostStmt,
    Expectation,
    Expr,
    ForStmt,
    Ident,
    IfStmt,
    InjectStmt,
    KillStmt,
    ProcessBlock,
    ProcessStmt,
    ReturnStmt,
    Stmt,
    StringLit,
    WhileStmt,
} from '../syntax/ast';
import { isBeside } from '../load';
import { ANY, INT, type Type } from '../types';
import { AssignChecker } from './assignments';
import { Flow, head, together } from './flow';
import { checkInjection } from './injections';
import { checkCostName } from './settings';
import { assignable, describeType, isIntLike } from './types-of';
import { quoted, type FnInfo } from './program-builder';

export class StatementChecker extends AssignChecker {
    private loops = 0;
    /** What holds where a block of a process was left early: by `exit`, or with its kernel. */
    private escapes: Flow[] = [];
    /** What calls in the current statement did to the kernel. */
    private kexec: { readonly call: Expr; readonly certain: boolean } | undefined;

    /** The statements of a block, in the scope that is current. */
    statements(block: Block): void {
        let warned = false;
        for (const s of block.statements) {
            if (this.flow.ended !== undefined && !warned) {
                warned = true;
                const text = this.world.files.get(this.unit.uri)?.text ?? '';
                this.report('warning', 'LU0406', head(s, text), `This never runs: ${this.flow.ended}.`);
            }
            this.statement(s);
        }
    }

    /** A block with a scope of its own. */
    protected block(block: Block, how: Parameters<typeof this.vars.enter>[1] = {}): void {
        this.vars.enter(block, how);
        this.statements(block);
        this.vars.leave();
    }

    private statement(s: Stmt): void {
        this.kexec = undefined;
        this.one(s);
        if (this.kexec) {
            this.endKernel(this.kexec);
        }
        this.kexec = undefined;
    }

    private one(s: Stmt): void {
        switch (s.kind) {
            case 'boot':
                this.boot(s);
                break;
            case 'process':
                this.processStmt(s);
                break;
            case 'in':
                this.inProcess(s);
                break;
            case 'concurrently':
                this.concurrently(s);
                break;
            case 'assign':
                this.assign(s);
                break;
            case 'expr':
                this.exprStmt(s);
                break;
            case 'send':
                this.send(s);
                break;
            case 'exit':
                this.require('user', s, '`exit`');
                if (this.process !== undefined) {
                    this.flow.end(this.process, `\`exit\` on line ${this.line(s)}`);
                }
                this.escapes.push(this.flow.copy());
                this.flow.ended = `the process has exited on line ${this.line(s)}`;
                break;
            case 'kill':
                this.notInKernel(s, '`kill`');
                this.processIdent(s.process, true);
                this.kill(s);
                break;
            case 'inject':
                this.inject(s);
                break;
            case 'at':
                this.at(s);
                break;
            case 'corrupt':
                this.corrupt(s.target, s.xor);
                break;
            case 'assert':
                this.assert(s);
                break;
            case 'if':
                this.if(s);
                break;
            case 'while':
                this.while(s);
                break;
            case 'for':
                this.for(s);
                break;
            case 'return':
                this.return(s);
                break;
            case 'break':
            case 'continue':
                if (this.loops === 0) {
                    this.error(
                        'LU0407',
                        s,
                        this.process === undefined
                            ? `${quoted(s.kind)} stands only in a loop.`
                            : `${quoted(s.kind)} stands only in a loop, and cannot leave the block of a process.`,
                    );
                }
                this.flow.ended = `${quoted(s.kind)} on line ${this.line(s)} leaves before`;
                break;
            case 'undo':
                this.require('kernel', { start: s.start, end: s.start + 'undo'.length }, '`undo`');
                this.aside(() => this.block(s.body));
                break;
            case 'cost':
                this.cost(s);
                break;
            case 'sleep': {
                const type = this.expr(s.duration);
                if (!isIntLike(type)) {
                    this.error(
                        'LU0301',
                        s.duration,
                        `How long to sleep is a number of nanoseconds (\`50ms\`), not ${describeType(type)}.`,
                    );
                }
            }
        }
    }

    private cost(s: CostStmt): void {
        this.notInKernel(s, '`cost`');
        checkCostName(this.world, this.unit.uri, s.cost);
        const type = this.expr(s.value);
        if (!isIntLike(type)) {
            this.error(
                'LU0301',
                s.value,
                `What something takes is a number of nanoseconds (\`200us\`), not ${describeType(type)}.`,
            );
        }
    }

    private notInKernel(s: { start: number; end: number }, what: string): void {
        if (this.context === 'kernel') {
            this.error('LU0401', s, `${what} is said in a scenario or in the block of a process, not in the kernel.`);
        }
    }

    /** Checks what does not run here: it leaves the flow as it is. */
    private aside(check: () => void): void {
        const before = this.flow;
        const { loops } = this;
        this.loops = 0;
        this.flow = before.copy();
        check();
        this.flow = before;
        this.loops = loops;
    }

    private boot(s: BootStmt): void {
        this.require('scenario', s, '`boot`');
        this.kernelName(s.kernel.value, s.kernel);
        if (s.image && s.image.start < s.image.end) {
            this.imagePath(s.image);
        }
        if (s.cmdline && s.kernel.start === s.kernel.end) {
            this.error(
                'LU0304',
                s.cmdline,
                'The kernel that is loaded in the image has its command line: name a kernel, `boot "7.2" from image …`, to give it another one.',
            );
        }
        this.newKernel(`\`boot\` on line ${this.line(s)}`);
        if (this.unit.fn) {
            this.unit.fn.endsKernel = 'always';
        }
    }

    private imagePath(image: StringLit): void {
        if (!isBeside(image.value)) {
            this.error(
                'LU0215',
                image,
                'An image is a file beside this one or below it: `from image "handover.elf.gz"`.',
            );
        } else if (!this.world.fileExists(this.unit.uri, image.value)) {
            this.error('LU0215', image, `There is no file "${image.value}" beside this one.`);
        }
    }

    private newKernel(why: string): void {
        this.flow.newKernel(this.world.nextKernelId(), why);
    }

    private kernelName(name: string, at: Expr): void {
        const { world } = this;
        if (at.start < at.end && !world.kernels.has(name) && !world.natives.kernels.has(name)) {
            const known = [...world.kernels.keys(), ...world.natives.kernels.keys()];
            world.unknown(
                'LU0213',
                this.unit.uri,
                at,
                name,
                `No kernel is called "${name}": there ${known.length === 1 ? 'is' : 'are'} ${known.map((k) => `"${k}"`).join(', ')}.`,
                [],
            );
        }
    }

    // ------------------------------------------------------------ processes

    private processStmt(s: ProcessStmt): void {
        this.require('scenario', head(s, this.world.files.get(this.unit.uri)?.text ?? ''), '`process`');
        for (const name of s.names) {
            if (name.name === '') {
                continue;
            }
            const before = this.flow.procs.get(name.name);
            if (before?.status === 'alive') {
                this.error(
                    'LU0206',
                    name,
                    `${quoted(name.name)} runs already: write \`${name.name} { }\` to run in it, or choose another name.`,
                );
            }
            this.flow.start(name.name);
            this.unit.fn?.touches.add(name.name);
            this.mean(name, { kind: 'process', name: name.name });
        }
        const first = s.names[0];
        if (s.body && first) {
            this.run(first.name, s.body);
        }
    }

    private inProcess(s: ProcessBlock): void {
        this.require('scenario', s.process, 'The block of a process');
        this.processIdent(s.process, true);
        this.run(s.process.name, s.body);
    }

    private concurrently(s: ConcurrentlyStmt): void {
        this.require('scenario', { start: s.start, end: s.start + 'concurrently'.length }, '`concurrently`');
        const before = this.flow.copy();
        const names = new Set<string>();
        const ways: Flow[] = [];
        for (const part of s.body.statements) {
            const process =
                part.kind === 'in' ? part.process : part.kind === 'process' && part.body ? part.names[0] : undefined;
            if (!process) {
                const text = this.world.files.get(this.unit.uri)?.text ?? '';
                this.error(
                    'LU0416',
                    head(part, text),
                    'Only blocks of processes can run at the same time: put it into one, `luod { }`.',
                );
            } else if (names.has(process.name) && process.name !== '') {
                this.error(
                    'LU0416',
                    process,
                    `A process runs one thing at a time, and ${quoted(process.name)} has a block here already: put both into one.`,
                );
            }
            names.add(process?.name ?? '');
            this.flow = before.copy();
            this.statement(part);
            ways.push(this.flow);
        }
        this.flow = together(before, ways);
    }

    private run(name: string, body: Block): void {
        const { context, process, loops, escapes } = this;
        this.context = 'user';
        this.process = name;
        this.loops = 0;
        this.escapes = [];
        this.block(body, { process: name });
        for (const way of this.escapes) {
            this.flow = Flow.join(this.flow, way);
        }
        this.context = context;
        this.process = process;
        this.loops = loops;
        this.escapes = escapes;
        this.flow.ended = undefined;
    }

    protected processIdent(e: Ident, running: boolean): void {
        if (e.name === '') {
            return;
        }
        this.mean(e, { kind: 'process', name: e.name });
        const proc = this.flow.procs.get(e.name);
        const known = this.unit.processes ?? this.world.processNames;
        if (!proc) {
            if (this.unit.fn && this.world.processNames.has(e.name)) {
                this.flow.start(e.name).open = true;
                return;
            }
            if (known.has(e.name)) {
                this.error(
                    'LU0206',
                    e,
                    `${quoted(e.name)} does not run yet: start it before, with \`process ${e.name}\`.`,
                );
            } else {
                this.world.unknown(
                    'LU0205',
                    this.unit.uri,
                    e,
                    e.name,
                    `No process is called ${quoted(e.name)}: start it with \`process ${e.name}\`.`,
                    known,
                );
            }
            this.assume(e.name);
        } else if (running && proc.status === 'dead') {
            this.error(
                'LU0206',
                e,
                `${quoted(e.name)} does not run any more, ${proc.why} ended it: start it again with \`process ${e.name}\`.`,
            );
            proc.status = 'maybe';
        }
    }

    /** Goes on as if the process ran, so that one mistake is one finding. */
    private assume(name: string): void {
        this.flow.start(name).status = 'maybe';
    }

    protected calledFn(fn: FnInfo, e: CallExpr): void {
        for (const name of fn.touches) {
            const p = this.flow.procs.get(name) ?? this.flow.start(name);
            p.open = true;
            p.status = 'maybe';
            this.unit.fn?.touches.add(name);
        }
        if (fn.endsKernel !== 'no') {
            this.kexec = { call: e, certain: fn.endsKernel === 'always' && this.tried !== e };
        }
    }

    // ------------------------------------------------------------ the end of a kernel

    override expr(e: Expr): Type {
        const tried = this.tried === e;
        const type = super.expr(e);
        if (e.kind === 'call') {
            this.literalKernel(e, tried);
            const first = e.args[0]?.value;
            const meaning =
                this.world.members.get(e.callee) ??
                (e.callee.kind === 'name' ? this.world.names.get(e.callee) : undefined);
            if (
                this.calleeName(e) === 'reboot' &&
                (meaning?.kind === 'native' || meaning?.kind === 'method') &&
                first?.kind === 'name' &&
                first.name === 'KEXEC'
            ) {
                this.kexec = { call: e, certain: !tried };
            }
        }
        return type;
    }

    protected afterExpected(call: Expr, expect: Expectation): void {
        if (expect.kind === 'panics' && this.kexec?.call !== call) {
            if (this.context === 'user') {
                this.kexec = { call, certain: true };
            } else {
                this.error(
                    'LU0402',
                    expect,
                    'A kernel panics in a system call or while it comes up: `panics` stands in the block of a process, behind a system call or `reboot(KEXEC)`.',
                );
            }
        }
        if (expect.kind === 'fails' && this.kexec?.call === call) {
            this.kexec = undefined;
        }
    }

    /** A kernel that is named by a literal has to exist, unless the call is expected to fail. */
    private literalKernel(e: CallExpr, tried: boolean): void {
        const meaning =
            this.world.members.get(e.callee) ?? (e.callee.kind === 'name' ? this.world.names.get(e.callee) : undefined);
        const native =
            meaning?.kind === 'native' ? meaning.native : meaning?.kind === 'method' ? meaning.method : undefined;
        const at = native?.params.findIndex((p) => p.name === 'kernel' && p.type.k === 'string') ?? -1;
        const value = e.args.find((a, i) => (a.name ? a.name.name === 'kernel' : i === at))?.value;
        if (at >= 0 && !tried && value?.kind === 'string') {
            this.kernelName(value.value, value);
        }
    }

    private endKernel(kexec: { readonly call: Expr; readonly certain: boolean }): void {
        const why = `the ${this.text(kexec.call)} on line ${this.line(kexec.call)}`;
        const before = kexec.certain ? undefined : this.flow.copy();
        this.newKernel(why);
        const inUser = this.context === 'user';
        if (this.unit.fn) {
            this.unit.fn.endsKernel = kexec.certain && this.unit.fn.endsKernel !== 'maybe' ? 'always' : 'maybe';
        }
        if (before) {
            this.flow = Flow.join(before, this.flow);
        } else if (inUser) {
            this.escapes.push(this.flow.copy());
            this.flow.ended = `${why} ends every process`;
        }
    }

    // ------------------------------------------------------------ trouble on purpose

    private kill(s: KillStmt): void {
        const why = `\`kill\` on line ${this.line(s)}`;
        if (s.after) {
            const type = this.expr(s.after);
            if (!isIntLike(type)) {
                this.error('LU0301', s.after, `After how many system calls is an integer, not ${describeType(type)}.`);
            }
            this.flow.mayEnd(s.process.name, why);
        } else {
            this.flow.end(s.process.name, why);
        }
        this.unit.fn?.touches.add(s.process.name);
    }

    private inject(s: InjectStmt): void {
        this.notInKernel(s, '`inject`');
        checkInjection(this.world, this.unit.uri, s);
        for (const n of [s.after, s.times]) {
            const type = n && this.expr(n);
            if (n && type && !isIntLike(type)) {
                this.error('LU0301', n, `How often is an integer, not ${describeType(type)}.`);
            }
        }
    }

    private at(s: Extract<Stmt, { kind: 'at' }>): void {
        this.notInKernel(s, '`at`');
        if (s.event.name !== 'handover' && s.event.name !== '') {
            this.world.unknown(
                'LU0201',
                this.unit.uri,
                s.event,
                s.event.name,
                `There is no moment ${quoted(s.event.name)}: it reads \`at handover { }\`.`,
                ['handover'],
            );
        }
        this.aside(() => {
            const { context, process } = this;
            this.context = 'scenario';
            this.process = undefined;
            this.block(s.body);
            this.context = context;
            this.process = process;
        });
    }

    private corrupt(target: Expr, xor: Expr): void {
        this.notInKernel(target, '`corrupt`');
        this.expr(target);
        const type = this.expr(xor);
        if (!isIntLike(type)) {
            this.error('LU0301', xor, `The bits to flip are an integer, not ${describeType(type)}.`);
        }
    }

    // ------------------------------------------------------------ control

    private assert(s: AssertStmt): void {
        this.condition(s.condition, this.expr(s.condition), 'What is asserted');
        const type = s.message && this.expr(s.message);
        if (s.message && type && !assignable(type, { k: 'string' })) {
            this.error('LU0301', s.message, `The message is a string, not ${describeType(type)}.`);
        }
    }

    private if(s: IfStmt): void {
        this.condition(s.condition, this.expr(s.condition), 'The condition');
        this.uncertain(() => this.branches(s));
    }

    /** What ends the kernel in `check` ends it on some ways only. */
    private uncertain(check: () => void): void {
        const { fn } = this.unit;
        const before = fn?.endsKernel;
        check();
        if (fn && before === 'no' && this.unit.fn?.endsKernel === 'always') {
            fn.endsKernel = 'maybe';
        }
    }

    private branches(s: IfStmt): void {
        const before = this.flow;
        this.flow = before.copy();
        this.block(s.then);
        const then = this.flow;
        this.flow = before;
        if (s.otherwise?.kind === 'if') {
            this.if(s.otherwise);
        } else if (s.otherwise) {
            this.block(s.otherwise);
        }
        this.flow = Flow.join(then, this.flow);
    }

    private while(s: WhileStmt): void {
        this.condition(s.condition, this.expr(s.condition), 'The condition');
        this.loop(
            () => this.block(s.body, { loop: s.body }),
            s.condition.kind === 'bool' && s.condition.value && !leaves(s.body),
        );
    }

    private loop(body: () => void, forever: boolean): void {
        const before = this.flow.copy();
        this.loops++;
        this.uncertain(body);
        this.loops--;
        if (forever) {
            this.flow.ended ??= 'the loop before never ends';
            return;
        }
        this.flow.ended = undefined;
        this.flow = Flow.join(this.flow, before);
    }

    private for(s: ForStmt): void {
        const element = s.iterable.kind === 'range' ? this.range(s.iterable) : this.elements(s.iterable);
        this.loop(() => {
            this.vars.enter(s.body, { loop: s.body });
            if (s.variable.name !== '') {
                this.mean(
                    s.variable,
                    this.vars.declare(s.variable.name, element, s.variable, s.body.start, true).meaning,
                );
            }
            this.statements(s.body);
            this.vars.leave();
        }, false);
    }

    private range(e: Extract<Expr, { kind: 'range' }>): Type {
        for (const side of [e.from, e.to]) {
            const type = this.expr(side);
            if (!isIntLike(type)) {
                this.error(
                    'LU0303',
                    side,
                    `A range goes from one integer to another, and this is ${describeType(type)}.`,
                );
            }
        }
        this.typed(e, { k: 'list', of: INT });
        return INT;
    }

    private elements(e: Expr): Type {
        const type = this.expr(e);
        switch (type.k) {
            case 'list':
                return type.of;
            case 'bytes':
                return INT;
            case 'object':
                return this.tableOf(type)?.element ?? ANY;
            case 'any':
                return ANY;
            default:
                this.error(
                    'LU0310',
                    e,
                    isIntLike(type)
                        ? `A loop goes over a list or a range, not ${describeType(type)}: write \`0..${this.world.textOf(this.unit.uri, e)}\`.`
                        : `A loop goes over a list or a range, not ${describeType(type)}.`,
                    isIntLike(type)
                        ? { title: 'Make it a range', edits: [{ span: { start: e.start, end: e.start }, text: '0..' }] }
                        : undefined,
                );
                return ANY;
        }
    }

    /** What a function gives back so far. */
    readonly returned: Type[] = [];

    private return(s: ReturnStmt): void {
        const type = s.value ? this.expr(s.value) : undefined;
        const wanted = this.unit.result;
        if (!wanted || this.process !== undefined) {
            this.error(
                'LU0407',
                s,
                this.process === undefined
                    ? 'A scenario gives nothing back: `return` stands in functions and callbacks.'
                    : '`return` cannot leave the block of a process.',
            );
        } else if (s.value && type && !this.unit.fn && !assignable(type, wanted)) {
            this.error(
                'LU0301',
                s.value,
                `This callback returns ${describeType(wanted)}${wanted.k === 'int' ? ' (0 or a negative error, as -EIO)' : ''}, not ${describeType(type)}.`,
            );
        }
        if (s.value && this.isErrno(s.value)) {
            if (this.unit.fn) {
                this.unit.fn.fails = true;
            }
        } else {
            this.returned.push(type ?? { k: 'none' });
            if (this.unit.fn && type && isIntLike(type)) {
                this.unit.fn.fails = true;
            }
        }
        this.flow.ended = `\`return\` on line ${this.line(s)} leaves before`;
    }

    /** `-EIO` */
    private isErrno(e: Expr): boolean {
        return (
            e.kind === 'unary' &&
            e.op === '-' &&
            e.operand.kind === 'name' &&
            isErrnoName(e.operand.name) &&
            !this.shadowed(e.operand.name)
        );
    }
}

/** True where a loop's body has a statement that leaves the loop. */
function leaves(block: Block): boolean {
    return block.statements.some((s) => {
        switch (s.kind) {
            case 'break':
            case 'return':
                return true;
            case 'if':
                return (
                    leaves(s.then) ||
                    (s.otherwise !== undefined &&
                        leaves(s.otherwise.kind === 'if' ? { ...block, statements: [s.otherwise] } : s.otherwise))
                );
            default:
                return false;
        }
    });
}
