/** Exploring devices and guests that are late: events that are due happen at a later place. */
import assert from 'node:assert/strict';
import type { Exploration, ExploreOptions } from '../../emulator/explore/explore';
import { judge, violationsOf } from '../../emulator/explore/judge';
import { together } from '../../emulator/explore/profiles';
import { type Deviation, choiceText, keyOf } from '../../emulator/language/choice';
import type { Program } from '../../emulator/language/program';
import type { Choice } from '../../emulator/run/choices';
import { errorsOf } from '../../emulator/run/load-program';
import { Run } from '../../emulator/run/run';
import { explored, toldOf } from '../support/explorations';
import { endsTheSame } from '../support/checkpoints';
import { correctProgram, programOf } from '../support/programs';
import { failureOf, FOREVER } from '../support/runs';

/** Declares devices whose first writes are due some time after a file is opened. */
function devices(every: readonly string[], extra = ''): string {
    const names = every.map((_, i) => `dma${i}`);
    return `
machine {
    memory 1GiB
    iommu  vtd
    ${names.map((n, i) => `device ${n} at "0000:3b:0${i}.0" { kind dma; driver none${extra} }`).join('\n    ')}
}
file card at "/dev/card" {
    buffer: folio
    open() {
        buffer = alloc_folio(order: 0, owner: "DMA buffer")
        ${names.map((n, i) => `${n}.bus_master = true\n${n}.start_dma(ring: ${n}.dma_map(buffer), length: 4KiB, every: ${every[i] ?? ''})`).join('\n        ')}
    }
    release() { ${names.map((n) => `${n}.stop()`).join('; ')} }
}`;
}

/** The write is due during the call that takes 400 us, and the program relies on that. */
const RELIES = `${devices(['200us'])}
scenario "it has written before the answer is read" CHOOSING {
    boot "7.2"
    process vmm
    vmm {
        device = open("/dev/card")
        ram = memfd_create("ram")
        ram.truncate(4MiB)
        ram.pwrite(zeros(4MiB), at: 0)
        before = dma0.writes
        device.close()
    }
    assert vmm.before > 0, "an answer was there"
}`;

const options = (bounds: Partial<ExploreOptions> = {}): ExploreOptions => ({
    tried: together([{ delays: true }]),
    faults: 0,
    switches: 1,
    limit: 5e6,
    memory: 2 ** 22,
    ...bounds,
});

function exploredLate(program: Program, bounds: Partial<ExploreOptions> = {}): Exploration {
    return explored(program, options(bounds));
}

const withChoices = (text: string, ...choices: readonly string[]): Program =>
    correctProgram(
        text.replace('CHOOSING', choices.length === 0 ? '' : `choosing ${choices.map((c) => `"${c}"`).join(', ')}`),
    );

/** Runs a program. @returns what it logs, and every choice that comes up */
function course(program: Program, choices: readonly Deviation[]): { readonly log: string; readonly met: Choice[] } {
    const { host, decider } = Run.start(program, { choices });
    const met: Choice[] = [];
    const lines: string[] = [];
    assert.ok(decider);
    decider.heard = (choice) => met.push(choice);
    host.listeners.report({ log: ({ level, text }) => level === 'log' && lines.push(text) });
    host.interpreter.run(FOREVER);
    assert.ok(host.interpreter.outcome);
    return { log: lines.join('; '), met };
}

/**
 * Runs every course with at most so many switches from its start, by trying all choices that come up.
 * @returns the number of courses, by what they have logged
 */
function bruteForce(program: Program, switches: number): ReadonlyMap<string, number> {
    const logs = new Map<string, number>();
    const todo: { readonly choices: readonly Deviation[]; readonly left: number }[] = [{ choices: [], left: switches }];
    for (let item = todo.pop(); item; item = todo.pop()) {
        const { choices, left } = item;
        const { log, met } = course(program, choices);
        logs.set(log, (logs.get(log) ?? 0) + 1);
        const last = choices.at(-1);
        const from = last ? met.findIndex((c) => keyOf(c) === keyOf(last)) + 1 : 0;
        for (const { what, number, alternatives, usual, price } of met.slice(from)) {
            const rest = left - (price === 'switch' ? 1 : 0);
            if (!/^(delay|event) /.test(what) || rest < 0) {
                continue;
            }
            for (const pick of alternatives.toSpliced(usual, 1)) {
                todo.push({ choices: [...choices, { what, number, pick }], left: rest });
            }
        }
    }
    return logs;
}

/** The number of courses by what they have logged: checks that a search and {@link bruteForce} agree. */
function courses(text: string, switches: number): Readonly<Record<string, number>> {
    const program = withChoices(text);
    const all = Object.fromEntries([...bruteForce(program, switches)].sort());
    const found = new Map<string, number>();
    for (const { count, example } of exploredLate(program, { switches }).classes) {
        const { log } = course(program, example);
        found.set(log, (found.get(log) ?? 0) + count);
    }
    assert.deepEqual(Object.fromEntries([...found].sort()), all);
    return all;
}

suite('exploring devices that are late', function () {
    this.timeout(600_000);

    test('a bug that shows only if the device is late, with its counterexample', () => {
        const program = withChoices(RELIES);
        assert.equal(failureOf(program), undefined);
        const found = exploredLate(program);
        const told = toldOf(found);
        assert.deepEqual(told, [
            ['passed', 0, 0, 8],
            ['violated', 0, 1, 3, 'event of dma0 #0: late'],
        ]);
        const [violation] = violationsOf(found);
        assert.ok(violation);
        const check = (changed: string): Program | undefined => {
            const p = programOf(changed);
            return errorsOf(p).length > 0 ? undefined : p;
        };
        const text = RELIES.replace('CHOOSING', '');
        const work = judge({ program, options: options(), text, check, late: () => false }, violation);
        let step = work.next();
        while (step.done !== true) {
            step = work.next();
        }
        const judged = step.value;
        assert.deepEqual(judged.choices.map(choiceText), ['event of dma0 #0: late']);
        assert.equal(judged.inevitable?.before, 'event of dma0 #0');
        assert.match(judged.text ?? '', /choosing "event of dma0 #0: late"/);
        assert.match(failureOf(correctProgram(judged.text ?? '')) ?? '', /an answer was there/);
    });

    test('what it finds is what running every course from its start finds', () => {
        const one = courses(RELIES.replace('before = dma0.writes', 'before = dma0.writes; log(before)'), 2);
        assert.deepEqual(one, { '0': 13, '1': 6, '2': 13, '3': 21, '4': 6 });
        // either of two devices may be first, whichever of them is first in the usual course
        const two = courses(
            `${devices(['150us', '300us'])}
scenario "two of them" CHOOSING {
    boot "7.2"
    process vmm
    vmm {
        device = open("/dev/card")
        ram = memfd_create("ram")
        ram.truncate(4MiB)
        ram.pwrite(zeros(3MiB), at: 0)
        first = dma0.writes
        second = dma1.writes
        log(first, " ", second)
        device.close()
    }
}`,
            1,
        );
        assert.deepEqual(two, { '0 1': 3, '2 0': 3, '2 1': 5, '3 1': 4 });
    });

    test('a program that polls sees the event in every course, one that waits for a fixed time does not', () => {
        const text = (wait: string): string =>
            `${devices(['10us'])}
scenario "it waits" CHOOSING {
    boot "7.2"
    process vmm
    vmm { device = open("/dev/card"); WAIT; n = dma0.writes; log(n > 0); device.close() }
}`.replace('WAIT', wait);
        assert.deepEqual(Object.keys(courses(text('sleep 10us'), 2)), ['false', 'true']);
        assert.deepEqual(Object.keys(courses(text('while dma0.writes == 0 { sleep 1us }'), 2)), ['true']);
    });

    test('a write is late until the next kernel runs', () => {
        const text = `${devices(['2ms'], '; ignores_bus_master on').replace('release() { dma0.stop() }', '').replace('iommu  vtd', '')}
scenario "it works while the machine reboots" finds LU1041 CHOOSING {
    boot "7.2"
    process vmm
    vmm {
        device = open("/dev/card")
        kexec_file_load("7.2")
        reboot(KEXEC)
    }
    process late
    late {
        ram = memfd_create("ram")
        log(dma0.writes)
        ram.close()
        log(dma0.writes)
        sleep 1us
        log(dma0.writes)
    }
}`;
        // usually, 120 writes come before the first call of the next kernel returns; or 0, 6 or 13 do, the rest later
        assert.deepEqual(courses(text, 1), {
            '0; 0; 120': 1,
            '0; 120; 120': 1,
            '6; 6; 6': 1,
            '6; 6; 120': 1,
            '6; 120; 120': 1,
            '13; 13; 13': 1,
            '13; 13; 120': 1,
            '13; 120; 120': 1,
            '120; 120; 120': 9,
            '120; 121; 121': 1,
            '121; 121; 121': 2,
        });
    });

    test('a guest that is late does not run meanwhile', () => {
        const text = `
machine { memory 4GiB }
scenario "it writes" CHOOSING {
    boot "7.2"
    process vmm
    vmm {
        ram = memfd_create("ram")
        ram.truncate(64MiB)
        guest = kvm.create_vm("guest", vcpus: 1, memory: [ram])
        guest.run(dirty: 1GiB/s)
        sleep 10ms
        guest.pause()
        log(vm("guest").written > 5MiB)
    }
}`;
        assert.deepEqual(courses(text, 1), { false: 1, true: 3 });
    });

    test('a run whose choices are listed goes on from a checkpoint as it went on before', () => {
        const program = withChoices(RELIES, 'event of dma0 #0: late', 'event of dma0 after vmm close #0: happens');
        endsTheSame(Run.start(program).host, { keep: (n) => n % 3 === 0, moreThan: 20, kind: 'in' });
    });
});
