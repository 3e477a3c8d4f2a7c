/** Random programs of loops, conditions and arithmetic, with values of every kind. */
import type { Random } from './random';

const NUMBERS = [
    '0',
    '1',
    '2',
    '3',
    '7',
    '10',
    '63',
    '255',
    '4096',
    '0x7fff_ffff',
    '0x8000_0000',
    '0xffff_ffff',
    '0x1f_ffff_ffff_ffff',
    '0x20_0000_0000_0000',
    '0x7fff_ffff_ffff_ffff',
    '0xffff_ffff_ffff_ffff',
];
const VARIABLES = ['a', 'b', 'c', 'd'];
/** Values that a function may be called with. */
const ODD = ['true', '"text"', '[1, 2]', '-1', '0xffff_ffff_ffff_ffff', '5', '5', '5'];

class Writer {
    private loops = 0;

    constructor(
        private readonly random: Random,
        /** How many functions may be called. */
        private readonly callable: number,
    ) {}

    private one(...made: readonly (() => string)[]): string {
        return this.random.pick(made)();
    }

    private literal(): string {
        return this.random.pick(this.random.below(6) === 0 ? NUMBERS : NUMBERS.slice(0, 8));
    }

    /** With a variable in it: the checker computes constants. */
    number(depth: number): string {
        const { random } = this;
        if (depth <= 0 || random.below(3) === 0) {
            return random.pick(VARIABLES);
        }
        const x = this.number(depth - 1);
        const y = random.below(2) === 0 ? this.number(depth - 1) : this.literal();
        return random.pick([
            `(${x} + ${y})`,
            `(${x} - ${y})`,
            `(${x} * ${y})`,
            `(${y} * ${x})`,
            `(${x} / ${random.pick(['1', '2', '3', '8', '7', x])})`,
            `(${x} % ${random.pick(['2', '3', '8', '1000', x])})`,
            `(${x} & ${y})`,
            `(${x} | ${y})`,
            `(${x} ^ ${y})`,
            `(${x} << ${random.pick(['1', '3', '12', `(${x} & 15)`])})`,
            `(${x} >> ${random.pick(['1', '3', '12', `(${x} & 15)`, x])})`,
            `(-${x})`,
            `((~${x}) & 255)`,
            `l[${x} & 3]`,
            `(l[${random.pick(['0', '3', x])}] + l.length)`,
        ]);
    }

    condition(depth: number): string {
        const { random } = this;
        if (depth > 0 && random.below(3) === 0) {
            const [p, q] = [this.condition(depth - 1), this.condition(depth - 1)];
            return random.pick([`(${p} && ${q})`, `(${p} || ${q})`, `!(${p})`, `(${p} && p)`]);
        }
        const right = random.below(2) === 0 ? this.number(1) : this.literal();
        return `${this.number(1)} ${random.pick(['<', '<=', '>', '>=', '==', '!='])} ${right}`;
    }

    /** Keeps a value small most of the time, so that the program goes on. */
    private kept(value: string): string {
        return this.random.below(8) === 0 ? value : `(${value}) % ${this.random.pick(['1000', '7919', '65536'])}`;
    }

    statements(nesting: number): string {
        return Array.from({ length: 1 + this.random.below(4) }, () => this.statement(nesting)).join('\n');
    }

    private statement(nesting: number): string {
        const { random } = this;
        const kind = random.below(this.callable > 0 ? 10 : 7);
        return kind < 4 || (kind < 7 && nesting >= 3) ? this.simple() : kind < 7 ? this.block(nesting) : this.call();
    }

    private simple(): string {
        const { random } = this;
        const v = random.pick(VARIABLES);
        return this.one(
            () => `${v} = ${this.kept(this.number(2))}`,
            () => `${v} = ${this.kept(this.number(2))}`,
            () => `${v} ${random.pick(['+=', '-=', '*=', '|=', '&=', '^='])} ${this.number(1)}; ${v} = ${v} % 4099`,
            () => `p = ${this.condition(2)}`,
            () => `if p { ${v} = ${this.kept(this.number(1))} }`,
            () => `p = ${this.condition(1)} && p`,
            () => `l[${this.number(1)} & 3] = ${this.kept(this.number(1))}`,
            () => `l[2] = ${random.below(20) === 0 ? random.pick(NUMBERS) : v}`,
            () => `assert ${this.condition(1)} || a == a, "never"`,
            () => (random.below(4) === 0 ? `log("at ", ${v})` : `${v} = 1`),
        );
    }

    private call(): string {
        const { random } = this;
        const v = random.pick(VARIABLES);
        const fn = `f${random.below(this.callable)}`;
        return this.one(
            () => `${v} = ${fn}(${this.number(1)}, ${random.below(12) === 0 ? random.pick(ODD) : this.number(1)})`,
            () => `${v} = ${fn}(${v}, 3) + ${this.number(1)}; ${v} = ${v} % 997`,
        );
    }

    private block(nesting: number): string {
        const { random } = this;
        const round = `i${this.loops++}`;
        const v = random.pick(VARIABLES);
        const rounds = 1 + random.below(nesting === 0 ? 40 : 6);
        const inner = (): string => this.statements(nesting + 1);
        return this.one(
            () => `for ${round} in ${random.below(3)}..${rounds} { ${inner()} }`,
            () => `${round} = 0\nwhile ${round} < ${rounds} { ${round} += 1; ${inner()} }`,
            () => `${round} = 0\nwhile ${round} < 9 && ${this.condition(1)} { ${round} += 1; ${inner()} }`,
            () => `if ${this.condition(1)} { ${inner()} } else { ${inner()} }`,
            () => `if ${this.condition(1)} { ${inner()} }`,
            () => `for ${round} in l { ${v} = ${round}; ${inner()} }`,
            () =>
                `for ${round} in 0..9 { if ${this.condition(1)} { ${random.pick(['break', 'continue'])} }\n ${inner()} }`,
        );
    }
}

const START = 'a = x\nb = 3\nc = 7\nd = 1\np = true\nl = [4, 3, 2, 1]';

/** Functions that call each other, and a scenario in which loops call them. */
export function arithmeticProgram(random: Random): string {
    const functions = [0, 1, 2].map((i) => {
        const w = new Writer(random, i);
        const early =
            random.below(2) === 0 ? `if ${w.condition(1)} { return ${random.pick(['c', '-2', 'a + 1'])} }\n` : '';
        return `fn f${i}(x, y) {\n${START}\nif y == 5 { b = y }\n${early}${w.statements(2)}\nreturn ${random.pick(['a', 'b', 'a % 500', 'y'])}\n}`;
    });
    const w = new Writer(random, 3);
    const body = `x = 5\n${START}\nfor round in 0..${20 + random.below(60)} {\n${w.statements(1)}\n}\n${w.statements(0)}`;
    return random.below(3) === 0
        ? `${functions.join('\n')}\nscenario "s" {\nboot "7.2"\nprocess q\nq {\n${body}\n}\nlog(q.a)\n}`
        : `${functions.join('\n')}\nscenario "s" {\n${body}\nboot "7.2"\nlog(a, b, c, d)\n}`;
}
