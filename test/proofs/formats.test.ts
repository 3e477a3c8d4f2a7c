/**
 * Memfds over chains of updates between kernels that negotiate by strings, composite strings or words of features,
 * against a naive model: what happens to each update, and whether a memfd has its contents and its name afterwards.
 */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../support/programs';
import { Random } from '../support/random';
import { failuresOf } from '../support/runs';

const RUNS = 30;
const FEATURES = ['off', 'supported', 'optional', 'required'] as const;
const FORMATS = ['', 'block', 'radix', 'vmalloc'] as const;

interface Kernel {
    readonly name: string;
    readonly composite: boolean;
    /** Undefined: strings. */
    readonly feature: (typeof FEATURES)[number] | undefined;
    readonly changed: (typeof FORMATS)[number];
}

type Outcome = 'lost' | 'panic' | 'refused' | 'nameless' | 'whole';

/** The formats inside a string that a kernel has in another version. */
const inside = (k: Kernel, formats: readonly string[]): string =>
    k.composite && formats.includes(k.changed) ? k.changed : '';

/** The outcome of one update, from the rules of the proposals. */
function outcome(from: Kernel, to: Kernel): Outcome {
    const kho = (k: Kernel): string =>
        k.composite ? `composite ${inside(k, ['radix', 'vmalloc'])}` : k.changed === '' ? 'v4' : 'v5';
    if (kho(from) !== kho(to)) {
        return 'lost';
    }
    const luo = (k: Kernel): string => (k.feature ? 'words' : k.composite ? `composite ${inside(k, ['block'])}` : 'v5');
    if (luo(from) !== luo(to)) {
        return 'panic';
    }
    if (from.feature === undefined || to.feature === undefined) {
        // the string of memfds has vmalloc in it, and so has that of KHO, which is compared first
        return 'nameless';
    }
    const sends = from.feature === 'optional' || from.feature === 'required';
    if (to.feature !== 'off') {
        return sends ? 'whole' : 'nameless';
    }
    return from.feature === 'required' ? 'refused' : 'nameless';
}

const declare = (k: Kernel): string => {
    const layers = [...(k.composite ? ['composite_strings'] : []), ...(k.feature ? ['feature_flags'] : [])];
    const entries = [
        ...(layers.length > 0 ? [`layers ${layers.join(', ')}`] : []),
        ...(k.feature ? [`memfd_feature ${k.feature}`] : []),
        ...(k.changed === '' ? [] : [`new_format ${k.changed}`]),
    ];
    return `kernel "${k.name}" from "7.3" { ${entries.join('; ')} }\n`;
};

/** An update, and what is then true; `end` if the next kernel has nothing. */
function update(from: Kernel, to: Kernel, result: Outcome): { readonly text: string; readonly end: boolean } {
    const preserve = `    process p {
        lu = open("/dev/liveupdate")
        s  = lu.create_session("${from.name}")
        m  = memfd_create("guest-ram")
        m.write("${from.name}")
        s.preserve_fd(m, token: 1)
        kexec_file_load("${to.name}")
        reboot(KEXEC)${result === 'panic' ? '  panics "incoming tree"' : ''}
    }
`;
    const retrieve = `        lu = open("/dev/liveupdate")
        s  = lu.retrieve_session("${from.name}")
`;
    const then: Readonly<Record<Outcome, string>> = {
        lost: '    assert kernel.logged("disabling KHO revival")\n',
        panic: '',
        refused: `    process p {\n${retrieve}        s.retrieve_fd(token: 1)  fails EOPNOTSUPP\n        s.finish()\n    }\n    kill p\n`,
        nameless: '',
        whole: '',
    };
    const named = result === 'whole' ? '==' : '!=';
    const back = `    process p {
${retrieve}        m  = s.retrieve_fd(token: 1)
        assert text_of(m.pread(m.size, at: 0)) == "${from.name}"
        assert readlink(str("/proc/self/fd/", m)) ${named} "/memfd:guest-ram (deleted)"
        s.finish()
    }
    kill p
`;
    const whole = result === 'nameless' || result === 'whole';
    return {
        text: preserve + (whole ? back : then[result]),
        end: result === 'panic' || result === 'lost',
    };
}

suite('kernels that negotiate', () => {
    test('understand each other as a naive model says', () => {
        const random = new Random(1132);
        const seen = new Set<Outcome>();
        for (let run = 0; run < RUNS; run++) {
            const pure = random.below(3) > 0;
            const words = random.below(3) > 0;
            const kernels = Array.from(
                { length: 4 },
                (_, i): Kernel => ({
                    name: `k${i}`,
                    composite: pure ? !words && run % 2 === 0 : random.below(2) === 0,
                    feature: (pure ? words : random.below(2) === 0) ? random.pick(FEATURES) : undefined,
                    changed: random.below(4) === 0 ? random.pick(FORMATS) : '',
                }),
            );
            let text = `${kernels.map(declare).join('')}scenario "s" {\n    boot "k0"\n`;
            let at = kernels[0];
            for (let step = 0; step < 3; step++) {
                const to = random.pick(kernels);
                assert.ok(at);
                const result = outcome(at, to);
                seen.add(result);
                const { text: more, end } = update(at, to, result);
                text += more;
                at = to;
                if (end) {
                    break;
                }
            }
            text += '}\n';
            const program = programOf({ 'test.lus': text });
            assert.deepEqual(findingsOf(program), [], text);
            assert.deepEqual(failuresOf(program), [], text);
        }
        assert.deepEqual([...seen].sort(), ['lost', 'nameless', 'panic', 'refused', 'whole']);
    });
});
