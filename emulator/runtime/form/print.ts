/**
 * Prints the form of code: its slots, then each statement with its line and text, and below it its operations with
 * their numbers. Targets of jumps are labels.
 */
import { quoted } from '../../text/utf8';
import type { LineMap } from '../../language/syntax/positions';
import type { Type } from '../../language/types';
import type {
    Claim,
    CodeForm,
    ConcurrentBlock,
    Expression,
    Literal,
    Operation,
    Policy,
    ProcessName,
    Slot,
    Target,
} from './form';
import { targetsOf } from './targets';

/** Texts of statements longer than this are cut off. */
const LONGEST = 90;

/**
 * @param lines of the file that the code is in
 * @param file its name
 */
export function printForm(form: CodeForm, lines: LineMap, file: string): string {
    const p = new Printer(form);
    const { line } = lines.position(form.span.start);
    const out = [`${titleOf(form)}  ${file}:${line}`, ...slotLines(form)];
    const label = form.label.map((e) => p.expression(e)).join(' ');
    if (label !== '' && label !== quoted(form.name)) {
        out.push(`  shown as ${label}`);
    }
    let statement = -1;
    form.operations.forEach((o, pc) => {
        const label = p.labels.get(pc);
        if (label !== undefined) {
            out.push(`  ${label}:`);
        }
        const now = form.statementAt[pc] ?? -1;
        const point = form.statements[now];
        if (now !== statement && point) {
            const begins = form.begins[pc] === true;
            out.push(`  ${statementText(lines, point.span, begins)}`);
        }
        statement = now;
        out.push(`${String(pc).padStart(8)}  ${o.op.padEnd(17)}${p.operation(o)}`.trimEnd());
    });
    return `${out.join('\n')}\n`;
}

/** `fn luo_file_id(handler, file)`; the name of a scenario or an `init` block includes its kind. */
function titleOf({ kind, name, params }: CodeForm): string {
    return kind === 'scenario' || kind === 'init' ? name : `${kind} ${name}(${params.join(', ')})`;
}

/** `142 | if session == none`; marks operations that continue an earlier statement. */
function statementText(
    lines: LineMap,
    span: { readonly start: number; readonly end: number },
    begins: boolean,
): string {
    const { line } = lines.position(span.start);
    const text = lines.text.slice(span.start, span.end).replace(/\s+/g, ' ');
    const short = text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
    return `${String(line).padStart(4)} | ${begins ? '' : '… '}${short}`;
}

/** One line for each named slot; the others hold intermediate values. */
function slotLines({ slots, params, locals }: CodeForm): string[] {
    const named = locals.map(({ slot, name, type }) => {
        const what = slot < params.length ? ', parameter' : '';
        return `  ${`%${slot}`.padEnd(5)}${name}: ${typeText(type)}${what}`;
    });
    const others = slots - new Set(locals.map((v) => v.slot)).size;
    return others > 0 ? [...named, `  and ${others} between operations`] : named;
}

function typeText(t: Type): string {
    switch (t.k) {
        case 'phys':
            return t.to === undefined ? 'phys' : `phys ${t.to}`;
        case 'list':
            return t.of.k === 'any' ? 'list' : `list of ${typeText(t.of)}`;
        case 'view':
            return `struct ${t.struct}`;
        case 'object':
            return t.name;
        case 'kind':
            return `file ${t.name}`;
        case 'decl':
            return `${t.of} ${t.name}`;
        default:
            return t.k;
    }
}

class Printer {
    /** `L1` … in order of the text. */
    readonly labels: ReadonlyMap<Target, string>;
    private readonly names: ReadonlyMap<Slot, string>;

    constructor(form: CodeForm) {
        const targets = [...new Set(form.operations.flatMap(targetsOf))].sort((a, b) => a - b);
        this.labels = new Map(targets.map((t, i) => [t, `L${i + 1}`]));
        const count = new Map<string, number>();
        for (const { name } of form.locals) {
            count.set(name, (count.get(name) ?? 0) + 1);
        }
        this.names = new Map(
            form.locals.map(({ slot, name }) => [slot, (count.get(name) ?? 0) > 1 ? `${name}%${slot}` : name]),
        );
    }

    /** The operands of an operation. */
    operation(o: Operation): string {
        switch (o.op) {
            case 'set':
            case 'decided':
                return `${this.slot(o.slot)} = ${this.expression(o.value)}`;
            case 'decide':
                return `${this.slot(o.slot)} = ${this.expression(o.value)}; ${o.operator === '||' ? 'true' : 'false'} to ${this.label(o.end)}`;
            case 'evaluate':
            case 'return':
                return this.expression(o.value);
            case 'store':
                return `${this.expression(o.target)} = ${this.expression(o.value)}`;
            case 'jump':
                return `to ${this.label(o.to)}`;
            case 'branch':
                return `${this.expression(o.condition)}; else to ${this.label(o.otherwise)}`;
            case 'range':
                return `${this.slot(o.index)} = ${this.expression(o.from)} - 1, ${this.slot(o.last)} = ${this.expression(o.to)}; to ${this.label(o.first)}`;
            case 'each':
                return `${this.slot(o.index)} = -1, ${this.slot(o.list)} = ${this.expression(o.iterable)}; to ${this.label(o.first)}`;
            case 'next-number':
                return `${this.slot(o.variable)} = ++${this.slot(o.index)} below ${this.slot(o.last)} to ${this.label(o.round)}; else to ${this.label(o.end)}`;
            case 'next-element':
                return `${this.slot(o.variable)} = ${this.slot(o.list)}[++${this.slot(o.index)}] to ${this.label(o.round)}; else to ${this.label(o.end)}`;
            case 'end':
                return o.value === undefined ? '' : literalText(o.value);
            case 'undo':
                return `${o.captured.length > 0 ? `keeps ${o.captured.map((s) => this.slot(s)).join(', ')}; ` : ''}to ${this.label(o.end)}`;
            case 'assert':
                return `${o.claims.map((c) => this.claim(c)).join(' || ')}${this.message(o.message)}`;
            case 'nothing':
            case 'undone':
            case 'exit':
            case 'exited':
                return '';
            default:
                return this.action(o);
        }
    }

    private process({ name, index }: ProcessName): string {
        return index ? `${name}[${this.expression(index)}]` : name;
    }

    private block({ process, starts, begin, each }: ConcurrentBlock): string {
        const over = each?.over;
        const values =
            over?.k === 'range'
                ? `${this.expression(over.from)}..${this.expression(over.to)}`
                : over && this.expression(over);
        const loop = each ? ` for ${this.slot(each.variable)} in ${values ?? ''}` : '';
        return `${starts ? 'start ' : ''}${this.process(process)} at ${this.label(begin)}${loop}`;
    }

    private claim(c: Claim): string {
        return c.k === 'true'
            ? this.expression(c.value)
            : `${this.expression(c.left)} ${c.operator} ${this.expression(c.right)}`;
    }

    /** Calls, and operations on processes and the host. */
    private action(o: Operation): string {
        switch (o.op) {
            case 'call':
                return `${this.slot(o.slot)} = ${o.fn}(${this.list(o.args)})${this.policy(o.policy)}`;
            case 'native':
                return `${this.slot(o.slot)} = ${this.native(o.native, o.args)}${this.policy(o.policy)}`;
            case 'kernel':
                return `${this.slot(o.slot)} = ${o.fn}(${this.list(o.args)})${this.policy(o.policy)}`;
            case 'callback': {
                const [receiver, ...args] = o.args;
                return `${this.slot(o.slot)} = ${receiver ? this.expression(receiver) : ''}.${o.callback}(${this.list(args)})`;
            }
            case 'method': {
                const args = o.args.map(
                    (x) => `${x.name === undefined ? '' : `${x.name}: `}${this.expression(x.value)}`,
                );
                return `${this.slot(o.slot)} = ${this.expression(o.receiver)}.${o.method}(${args.join(', ')})${this.policy(o.policy)}`;
            }
            case 'result':
                return `${this.slot(o.slot)}${this.policy(o.policy)}`;
            case 'expect-panic':
            case 'expect-oops':
                return quoted(o.message);
            case 'start':
                return o.processes.map((p) => (p.count ? `${p.name}[${this.expression(p.count)}]` : p.name)).join(', ');
            case 'enter':
                return `${this.process(o.process)}; then to ${this.label(o.end)}`;
            case 'concurrently': {
                const blocks = o.blocks.map((b) => this.block(b));
                return `${blocks.join(', ')}; then to ${this.label(o.end)}`;
            }
            case 'kill':
            case 'reap':
                return this.process(o.process);
            case 'kill-later':
                return `${this.process(o.process)} after ${this.expression(o.calls)}`;
            case 'send':
                return `${this.expression(o.fd)} to ${this.process(o.to)} as ${o.as}${this.policy(o.policy)}`;
            case 'boot':
                return [
                    quoted(o.kernel),
                    ...(o.image === undefined ? [] : [`from image ${quoted(o.image)}`]),
                    ...(o.cmdline === '' ? [] : [`cmdline ${quoted(o.cmdline)}`]),
                ].join(' ');
            case 'inject':
                return [
                    `${o.error ?? 'no'} into ${o.target}`,
                    ...(o.after ? [`after ${this.expression(o.after)}`] : []),
                    ...(o.times ? [`times ${this.expression(o.times)}`] : []),
                    ...(o.nextKernel ? ['in next kernel'] : []),
                ].join(' ');
            case 'at':
                return `${o.event}; to ${this.label(o.end)}`;
            case 'corrupt':
                return `${this.expression(o.target)} = ${this.expression(o.old)} ^ ${this.expression(o.mask)}`;
            case 'cost':
                return `${o.cost} ${this.expression(o.value)}`;
            case 'wake-at':
                return `${this.slot(o.slot)} = now + ${this.expression(o.duration)}`;
            case 'sleep':
                return `until ${this.slot(o.until)}`;
            default:
                return '';
        }
    }

    expression(e: Expression): string {
        switch (e.k) {
            case 'literal':
                return literalText(e.value);
            case 'slot':
                return this.slot(e.slot);
            case 'variable':
                return `${this.process({ ...e, name: e.process })}.${e.name}`;
            case 'process':
                return this.process(e);
            case 'own-field':
                return `self.${e.name}`;
            case 'struct-field':
                return `${this.operand(e.object)}.${e.field}`;
            case 'native-field':
                return `${this.operand(e.object)}.${e.field.slice(e.field.indexOf('.') + 1)}`;
            case 'member':
                return `${this.operand(e.object)}.${e.name}`;
            case 'element':
                return `${this.operand(e.object)}[${this.expression(e.index)}]`;
            case 'native':
                return this.native(e.native, e.args);
            case 'unary':
                return `${e.operator}${this.operand(e.operand)}`;
            case 'binary':
            case 'logical':
                return `${this.operand(e.left)} ${e.operator} ${this.operand(e.right)}`;
            case 'list':
                return `[${this.list(e.items)}]`;
            case 'record':
                return `{${this.named(e.fields)}}`;
            case 'new':
                return `new ${e.kind}(${this.named(e.fields)})`;
            default:
                return e.name;
        }
    }

    /** In parentheses if it contains operators. */
    private operand(e: Expression): string {
        const text = this.expression(e);
        return e.k === 'binary' || e.k === 'logical' || e.k === 'unary' ? `(${text})` : text;
    }

    private list(items: readonly Expression[]): string {
        return items.map((e) => this.expression(e)).join(', ');
    }

    private named(fields: readonly { readonly name: string; readonly value: Expression }[]): string {
        return fields.map((f) => `${f.name}: ${this.expression(f.value)}`).join(', ');
    }

    /** `memfd_create("x", 0)`; a method follows its receiver. */
    private native(name: string, args: readonly Expression[]): string {
        const at = name.indexOf('.');
        const [receiver, ...rest] = args;
        return at >= 0 && receiver
            ? `${this.operand(receiver)}.${name.slice(at + 1)}(${this.list(rest)})`
            : `${name}(${this.list(args)})`;
    }

    private policy(p: Policy): string {
        switch (p.k) {
            case 'plain':
                return '';
            case 'try':
            case 'panics':
            case 'oopses':
                return `; ${p.k}`;
            case 'fails':
            case 'may':
                return `; ${p.k === 'may' ? 'may fail' : 'fails'} ${p.errors.join(', ')} to ${this.label(p.end)}`;
        }
    }

    private message(e: Expression | undefined): string {
        return e ? `, ${this.expression(e)}` : '';
    }

    private slot(slot: Slot): string {
        return this.names.get(slot) ?? `%${slot}`;
    }

    private label(target: Target): string {
        return this.labels.get(target) ?? String(target);
    }
}

function literalText(value: Literal): string {
    return value === undefined || value === null ? 'none' : typeof value === 'string' ? quoted(value) : String(value);
}
