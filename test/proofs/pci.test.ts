/**
 * Random programs of preserving, closing, pulling out, plugging in and updating devices, against a shadow that only
 * counts.
 */
import assert from 'node:assert/strict';
import { findingsOf, programOf } from '../support/programs';
import { failuresOf } from '../support/runs';
import { Random } from '../support/random';

/** Devices by the bridges above them, the nearest last. */
const PATHS: readonly (readonly string[])[] = [['p1'], ['p1'], ['p2', 'b2'], ['p2', 'b2'], ['p3', 'b3'], ['p3', 'b3']];
const ADDRESSES = ['10:00.0', '10:01.0', '21:00.0', '21:01.0', '31:00.0', '31:01.0'];
const BEHIND = ['', '', '20:00.0', '20:00.0', '30:00.0', '30:00.0'];
const BRIDGES = 5;
const PROGRAMS = 60;
const STEPS = 14;

const driver = (version: string): string => `
machine {
    memory 512MiB
${ADDRESSES.map((a, i) => `    device d${i} at "0000:${a}" { kind dma; driver none; msix 0${BEHIND[i] === '' ? '' : `; behind "0000:${BEHIND[i] ?? ''}"`} }`).join('\n')}
}
struct DrvSer { domain: u32; bdf: u32 }
file drv at "/dev/drv" { which: int = 0; dev: any }
fn device_at(i) {
${ADDRESSES.map((_, i) => `    if i == ${i} { return d${i}.pci_dev }`).join('\n')}
    return none
}
handler drv_handler "drv-v1" for drv uses pci_core {
    can_preserve(file) { return file.kind == drv }
    preserve(args) {
        dev = device_at(args.file.which)
        if dev == none { return -ENODEV }
        pci_liveupdate_preserve(dev)
        undo { pci_liveupdate_unpreserve(dev) }
        ser = kho.alloc_preserve(DrvSer)
        ser.domain = dev.domain
        ser.bdf    = dev.bdf
        args.serialized_data = phys(ser)
        args.private_data    = dev
    }
    unpreserve(args) {
        pci_liveupdate_unpreserve(args.private_data)
        kho.unpreserve_free(at(DrvSer, args.serialized_data))
    }
    retrieve(args) {
        ser = at(DrvSer, args.serialized_data)
        dev = pci.find(ser.domain, ser.bdf)
        if dev == none { return -ENODEV }
        args.file = new drv(dev: dev)
    }
    can_finish(args) { return args.retrieve_status > 0 }
    finish(args) {
        pci_liveupdate_finish(args.file.dev)
        kho.restore_free(at(DrvSer, args.serialized_data))
    }
}
kernel "next" from "7.3" { layers pci ${version}; handlers + drv_handler; page_cache 1MiB }
fn refs(dev) { if dev.outgoing == 0 { return 0 }; return at(pci_dev_ser, dev.outgoing).refcount }
`;

interface Preserved {
    readonly device: number;
    readonly session: string;
    /** It was pulled out since. */
    readonly leaked: boolean;
}

/** A program, and beside it the shadow that says what has to come. */
function program(random: Random, version: 'v8' | 'v9'): string {
    const lines: string[] = [];
    const present = ADDRESSES.map(() => true);
    let preserved: Preserved[] = [];
    let room = 0;
    let token = 0;
    const sessions = new Set<string>();
    /** Those that have an entry: up to v8, a device that is pulled out leaves it behind. */
    const held = (): Preserved[] => preserved.filter((p) => version === 'v8' || !p.leaked);
    /** Entries in use: of devices, and of the bridges above them. */
    const entries = (): number => {
        const bridges = new Set(held().flatMap((p) => PATHS[p.device] ?? []));
        return held().length + bridges.size;
    };
    const check = (): void => {
        for (const [i, path] of PATHS.entries()) {
            if (present[i] !== true) {
                continue;
            }
            lines.push(
                `        assert refs(d${i}.pci_dev) == ${preserved.filter((p) => p.device === i && !p.leaked).length}`,
            );
            let up = `d${i}.pci_dev`;
            for (const bridge of path.toReversed()) {
                up += '.upstream';
                lines.push(
                    `        assert refs(${up}) == ${held().filter((p) => PATHS[p.device]?.includes(bridge) === true).length}`,
                );
            }
        }
    };
    for (let step = 0; step < STEPS; step++) {
        const device = random.below(ADDRESSES.length);
        const session = random.pick(['a', 'b']);
        switch (random.below(4)) {
            case 0:
            case 1: {
                if (!sessions.has(session)) {
                    sessions.add(session);
                    lines.push(`        ${session} = lu.create_session("${session}")`);
                }
                const first = preserved.length === 0;
                const after =
                    entries() +
                    1 +
                    (PATHS[device] ?? []).filter((b) => !held().some((p) => PATHS[p.device]?.includes(b) === true))
                        .length;
                const has = first ? BRIDGES + present.filter(Boolean).length : room;
                const error =
                    present[device] !== true
                        ? 'ENODEV'
                        : preserved.some((p) => p.device === device && !p.leaked)
                          ? 'EBUSY'
                          : after > has
                            ? 'ENOSPC'
                            : '';
                lines.push(
                    `        ${session}.preserve_fd(make_fd("drv", [${device}, none]), token: ${++token})${error === '' ? '' : `  fails ${error}`}`,
                );
                if (error === '') {
                    room = has;
                    preserved.push({ device, session, leaked: false });
                }
                break;
            }
            case 2:
                if (sessions.delete(session)) {
                    lines.push(`        ${session}.close()`);
                    preserved = preserved.filter((p) => p.session !== session || p.leaked);
                    // the last reference takes the page along, whatever is left in it
                    if (preserved.every((p) => !sessions.has(p.session))) {
                        preserved = [];
                    }
                }
                break;
            default:
                if (present[device] === true) {
                    lines.push(`        d${device}.unplug()`);
                    preserved = preserved.map((p) => (p.device === device ? { ...p, leaked: true } : p));
                } else if (!preserved.some((p) => p.device === device)) {
                    lines.push(`        d${device}.plug()`);
                } else {
                    continue;
                }
                present[device] = present[device] !== true;
        }
        check();
    }
    const runs = (i: number): boolean => present[i] === true && preserved.some((p) => p.device === i && !p.leaked);
    const live = PATHS.map((_, i) => i).filter((i) => present[i] === true);
    return `${driver(version)}
scenario "random" {
    boot "next"
    process p {
        lu = open("/dev/liveupdate")
${lines.join('\n')}
${live.map((i) => `        d${i}.bus_master = true`).join('\n')}
        kexec_file_load("next", cmdline: "pci=assign-busses")
        reboot(KEXEC)
    }
${live.map((i) => `    assert d${i}.bus_master == ${runs(i)} && (d${i}.pci_dev.incoming != 0) == ${runs(i)}`).join('\n')}
${held().length > 0 ? live.map((i) => `    assert d${i}.name == "0000:${ADDRESSES[i] ?? ''}"`).join('\n') : '    assert d0.bridge.secondary_bus == 1'}
    assert ${PATHS.map((_, i) => i)
        .filter((i) => present[i] !== true)
        .map((i) => `d${i}.pci_dev == none && `)
        .join('')}true
}
`;
}

suite('layer pci: random programs', () => {
    for (const version of ['v8', 'v9'] as const) {
        test(`${version}: references, room, bus mastering and bus numbers are as the shadow says`, () => {
            for (let seed = 1; seed <= PROGRAMS; seed++) {
                const text = program(new Random(seed), version);
                const p = programOf({ 'test.lus': text });
                assert.deepEqual(
                    findingsOf(p).filter((f) => !f.includes('LU0209') && !f.includes('LU0210')),
                    [],
                    `seed ${seed}`,
                );
                assert.deepEqual(failuresOf(p), [], `seed ${seed}\n${text.slice(text.indexOf('scenario'))}`);
            }
        });
    }
});
