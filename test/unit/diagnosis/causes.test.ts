/** Which finding a scenario says it is about, and which findings follow from which. */
import assert from 'node:assert/strict';
import { PAGES_4K } from '../../../emulator/machine/arch';
import { causeOf, rootOf } from '../../../emulator/diagnosis/causes';
import { rootsOf } from '../../../emulator/diagnosis/expected-findings';
import { CATALOGUE, GROUPS, isDiagnosisCode, type DiagnosisCode } from '../../../emulator/findings/catalogue';
import type { Datum, Diagnosis } from '../../../emulator/findings/diagnosis';
import { FILTERS, stopsAt } from '../../../debug-adapter/filters';
import { Run } from '../../../emulator/run/run';
import { cleanProgram, programOf } from '../../support/programs';
import { FOREVER } from '../../support/runs';

function crash(finds: string, rest = ''): string {
    return `scenario "s"${finds} { boot "7.2"; process luod { s = open("/dev/liveupdate").create_session("vm-1"); s.preserve_fd(memfd_create("ram"), token: 1); exit }\n${rest}}\n`;
}

/** Why the scenario fails; undefined where it passes. */
function failure(text: string): string | undefined {
    const { host } = Run.start(cleanProgram(text));
    host.interpreter.run(FOREVER);
    assert.equal(host.interpreter.outcome?.passed, host.interpreter.outcome?.failure === undefined);
    return host.interpreter.outcome?.failure?.message;
}

suite('a scenario says what it finds', () => {
    test('it passes if that is the root finding, and fails otherwise', () => {
        assert.equal(failure(crash('')), undefined);
        assert.equal(failure(crash(' finds LU1023')), undefined);
        assert.equal(
            failure(crash(' finds LU1003')),
            'the scenario should find LU1003, but its root finding is LU1023',
        );
        assert.equal(
            failure(crash(' finds LU1003, LU1023')),
            'the scenario should find LU1003 and LU1023, but its root finding is LU1023',
        );
        assert.equal(
            failure('scenario "s" finds LU1023 { boot "7.2" }\n'),
            'the scenario should find LU1023, but it has no root finding',
        );
    });

    test('another failure comes first, and the failure stands at the codes', () => {
        assert.equal(failure(crash(' finds LU1003', 'assert false')), 'assertion failed: false is false');
        const text = crash(' finds LU1003');
        const { host } = Run.start(programOf(text));
        host.interpreter.run(FOREVER);
        const { place, kind } = host.interpreter.outcome?.failure ?? {};
        assert.equal(kind, 'failed-assertion');
        assert.equal(place && text.slice(place.start, place.end), 'LU1003');
    });

    test('a hint counts where it is named', () => {
        const held = (finds: string): string =>
            `scenario "s"${finds} { boot "7.2"; process vmm, luod; luod { s = open("/dev/liveupdate").create_session("vm-1"); s.preserve_fd(memfd_create("ram"), token: 1) }\n` +
            'vmm { kexec_file_load("7.2"); reboot(KEXEC) }\nprocess luod { s = open("/dev/liveupdate").retrieve_session("vm-1"); s.retrieve_fd(token: 1); s.finish() } }\n';
        assert.equal(failure(held('')), undefined);
        assert.equal(failure(held(' finds LU1005')), undefined);
    });

    test('codes that there are not, and codes named twice', () => {
        const program = programOf('scenario "s" finds LU1O03, LU1023, LU1023 { boot "7.2" }\n');
        assert.deepEqual(
            program.diagnostics.map((d) => d.code),
            ['LU0219', 'LU0219'],
        );
        assert.match(program.diagnostics[0]?.message ?? '', /Did you mean `LU1003`\?$/);
        assert.equal(program.diagnostics[0]?.fix?.edits[0]?.text, 'LU1003');
        assert.deepEqual(
            programOf('scenario "s" finds { boot "7.2" }\n').diagnostics.map((d) => d.severity),
            ['error'],
        );
    });
});

function diagnosis(
    code: DiagnosisCode,
    boot: number,
    data: Readonly<Record<string, Datum>>,
    cause: Diagnosis | null = null,
): Diagnosis {
    return {
        code,
        severity: CATALOGUE[code].severity,
        message: '',
        place: undefined,
        time: 0,
        boot,
        history: [],
        advice: '',
        data,
        cause,
    };
}

suite('what follows from what', () => {
    const dangling = diagnosis('LU1012', 0, { target: '0x5000' });

    test('the same page, in this kernel or the next one', () => {
        assert.equal(causeOf({ code: 'LU1011', boot: 1, data: { address: '0x5008' } }, [dangling], PAGES_4K), dangling);
        assert.equal(causeOf({ code: 'LU1011', boot: 1, data: { address: '0x6000' } }, [dangling], PAGES_4K), null);
        assert.equal(
            causeOf({ code: 'LU1011', boot: 2, data: { address: '0x5000' } }, [dangling], PAGES_4K),
            null,
            'it is another page by now',
        );
        assert.equal(
            causeOf({ code: 'LU1002', boot: 1, data: { address: '0x5000' } }, [dangling], PAGES_4K),
            null,
            'that has nothing to do with it',
        );
    });

    test('many pages share one', () => {
        const scratch = diagnosis('LU1013', 0, { address: '0x4000', pages: 3 });
        assert.equal(causeOf({ code: 'LU1011', boot: 1, data: { address: '0x6000' } }, [scratch], PAGES_4K), scratch);
        assert.equal(causeOf({ code: 'LU1011', boot: 1, data: { address: '0x7000' } }, [scratch], PAGES_4K), null);
    });

    test('of several the nearest, whatever came later', () => {
        const tables = (level: number, ranges: readonly (readonly [string, number])[]): Diagnosis =>
            diagnosis('LU1045', 0, { device: 'gpu0', level, ranges });
        const upper = tables(2, [
            ['0x4000', 1],
            ['0x8000', 2],
        ]);
        const lower = tables(1, [['0x20000', 32]]);
        const walked = (table: string): Diagnosis | null =>
            causeOf({ code: 'LU1028', boot: 1, data: { device: 'gpu0', table } }, [upper, lower], PAGES_4K);
        assert.equal(walked('0x9000'), upper);
        assert.equal(walked('0x21000'), lower);
        assert.equal(walked('0x50000'), lower, 'a table of the same device, at least');
    });

    test('a session that nobody gets follows from a handler that is missing for a file of it, not for another one', () => {
        const missing = (session: string): Diagnosis => diagnosis('LU1014', 0, { session, compatible: session });
        const found = [missing('a'), missing('b'), diagnosis('LU1015', 1, { flb: 'bus' })];
        assert.equal(causeOf({ code: 'LU1002', boot: 1, data: { session: 'a' } }, found, PAGES_4K), found[0]);
        assert.equal(
            causeOf({ code: 'LU1002', boot: 1, data: { session: 'c' } }, found, PAGES_4K),
            found[1],
            'no session can be had where one handler is missing',
        );
    });

    test('the same file, not another one of the session', () => {
        const gone = diagnosis('LU1014', 0, { session: 'vm-1', token: '0x1', compatible: 'card-v1' });
        assert.equal(
            causeOf({ code: 'LU1014', boot: 1, data: { session: 'vm-1', compatible: 'card-v1' } }, [gone], PAGES_4K),
            gone,
        );
        assert.equal(
            causeOf(
                { code: 'LU1014', boot: 1, data: { session: 'vm-1', token: '0x2', compatible: 'disk-v1' } },
                [gone],
                PAGES_4K,
            ),
            null,
        );
    });

    test('of several the latest, and the root is at the end of the chain', () => {
        const later = diagnosis('LU1012', 0, { target: '0x5000' });
        assert.equal(
            causeOf({ code: 'LU1011', boot: 0, data: { address: '0x5000' } }, [dangling, later], PAGES_4K),
            later,
        );
        const read = diagnosis('LU1011', 1, {}, dangling);
        assert.equal(rootOf(diagnosis('LU1010', 1, {}, read)), dangling);
        assert.equal(rootOf(dangling), dangling);
    });

    test('roots: without cause, each code once, hints only where they are asked for', () => {
        const hint = diagnosis('LU1005', 0, {});
        const found = [
            hint,
            dangling,
            diagnosis('LU1011', 1, {}, dangling),
            diagnosis('LU1012', 1, {}),
            diagnosis('LU1002', 1, {}),
        ];
        assert.deepEqual(
            rootsOf(found).map((d) => d.code),
            ['LU1012', 'LU1002'],
        );
        assert.deepEqual(
            rootsOf(found, ['LU1005']).map((d) => d.code),
            ['LU1005', 'LU1012', 'LU1002'],
        );
    });
});

suite('exception filters by group', () => {
    test('every code is in one of them, and every group has some', () => {
        const codes = Object.keys(CATALOGUE).filter(isDiagnosisCode);
        for (const group of Object.keys(GROUPS)) {
            const { stops } = stopsAt({ filters: [`diagnosis-${group}`] });
            assert.deepEqual(
                [...stops],
                codes.filter((c) => CATALOGUE[c].group === group && CATALOGUE[c].severity === 'error'),
            );
            assert.ok(
                codes.some((c) => CATALOGUE[c].group === group),
                group,
            );
        }
    });

    test('five are shown; the conditions of one name groups and codes', () => {
        assert.equal(FILTERS.length, 5);
        const { stops, answers } = stopsAt({
            filters: [],
            filterOptions: [{ filterId: 'diagnosis', condition: 'devices, LU1001' }],
        });
        assert.ok(stops.has('LU1001') && stops.has('LU1027') && !stops.has('LU1002') && !stops.has('diagnosis'));
        assert.deepEqual(answers, [{ verified: true }]);
        const all = stopsAt({ filters: [], filterOptions: [{ filterId: 'diagnosis', condition: 'warnings' }] });
        assert.deepEqual([...all.stops], ['diagnosis', 'diagnosis-warning']);
        assert.deepEqual(
            stopsAt({ filters: [], filterOptions: [{ filterId: 'diagnosis', condition: 'device' }] }).answers,
            [{ verified: false, message: 'There is no diagnosis or group device. Did you mean devices?' }],
        );
    });

    test('conditions name codes; several filters add up', () => {
        const { stops, answers } = stopsAt({
            filters: ['failed-call'],
            filterOptions: [
                { filterId: 'diagnosis-sessions', condition: ' LU1002 LU1003, LU1005 ' },
                { filterId: 'diagnosis-devices', condition: '' },
            ],
        });
        assert.ok(
            stops.has('failed-call') &&
                stops.has('LU1002') &&
                stops.has('LU1005') &&
                stops.has('LU1027') &&
                !stops.has('LU1004') &&
                !stops.has('LU1023'),
        );
        assert.deepEqual(answers, [{ verified: true }, { verified: true }, { verified: true }]);
    });
});
