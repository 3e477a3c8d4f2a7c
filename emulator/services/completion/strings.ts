/** Completions in a string: kernels, device files, sessions, imports, codes. */
import { DESCRIPTIONS } from '../../kernel/release/descriptions';
import { CATALOGUE } from '../../findings/catalogue';
import { PARAMETERS } from '../../kernel/release/parameters';
import type { CallExpr } from '../../language/syntax/ast';
import { SETTABLE_COSTS } from '../../machine/costs';
import { LIBRARY_SOURCES, PROGRAM_TEXTS } from '../../std/texts';
import { isLibrary } from '../declarations';
import { childrenOf, isKind, type Node } from '../nodes';
import type { Subject } from '../subjects';
import { RANK, type Offer } from './offer';
import type { Situation } from './situation';
import { KERNELS, orderIn } from './usual';

/** The device files of the emulated kernel; those of declared file kinds are added. */
const DEVICES: readonly string[] = [
    '/dev/liveupdate',
    '/dev/iommu',
    '/dev/vfio/devices/vfio0',
    '/dev/vfio/0',
    '/dev/vfio/vfio',
    '/dev/null',
    '/dev/zero',
    '/dev/shm/',
];

/** Calls whose string names a kernel. */
const KERNEL_CALLS: ReadonlySet<string> = new Set(['kexec_file_load', 'kexec_load', 'luod_prepare']);
/** Calls whose string names a session. */
const SESSION_CALLS: ReadonlySet<string> = new Set([
    ...['session', 'create_session', 'retrieve_session', 'luod_create', 'luod_hand_back', 'luod_finish'],
]);
const HANDLER_CALLS: ReadonlySet<string> = new Set(['modprobe', 'rmmod']);

/** @param files the source files and images beside this one, as paths from it */
export function stringOffers(s: Situation, files: readonly string[]): Offer[] {
    const parent = s.place?.above[0];
    if (!parent || !s.place) {
        return [];
    }
    const { node } = s.place;
    if (!('kind' in parent)) {
        const call = s.place.above.find((n) => isKind(n, 'call'));
        return isKind(call, 'call') ? argumentOffers(s, call) : [];
    }
    switch (parent.kind) {
        case 'boot':
            return node === parent.kernel
                ? kernels(s)
                : node === parent.image
                  ? texts(files.filter((f) => /\.(?:elf|gz)$/.test(f)))
                  : cmdlines();
        case 'entry':
            return parent.key.name === 'like' ? texts(files.filter((f) => /\.(?:elf|gz)$/.test(f))) : [];
        case 'kernel':
            return node === parent.from ? kernels(s) : [];
        case 'import':
            return [...texts(files.filter((f) => f.endsWith('.lus'))), ...texts([...PROGRAM_TEXTS.keys()]).slice(0, 0)];
        case 'file':
            return texts(['/dev/']);
        case 'explore-entry':
            return kernels(s);
        case 'inject':
            return texts(points());
        case 'setting':
            return parent.key.name === 'cmdline' ? cmdlines() : [];
        case 'call':
            return argumentOffers(s, parent);
        default:
            return used(s, () => true);
    }
}

function argumentOffers(s: Situation, call: CallExpr): Offer[] {
    const name = isKind(call.callee, 'member')
        ? call.callee.member.name
        : isKind(call.callee, 'name')
          ? call.callee.name
          : '';
    const first = call.args[0]?.value === s.place?.node;
    if (KERNEL_CALLS.has(name)) {
        return first || name === 'luod_prepare' ? kernels(s) : cmdlines();
    }
    if (name === 'open') {
        const declared = [...s.program.fileKinds.values()].flatMap((f) => (f.path ? [f.path.value] : []));
        return texts([...new Set([...usedIn(s, (c) => c === 'open'), ...DEVICES, ...declared])]);
    }
    if (SESSION_CALLS.has(name)) {
        return used(s, (callee) => SESSION_CALLS.has(callee));
    }
    if (HANDLER_CALLS.has(name)) {
        return texts([...s.program.handlers.keys()]);
    }
    if (name === 'diagnosed') {
        return texts(Object.keys(CATALOGUE), (code) => ({ kind: 'shipped', of: 'finding', name: code }));
    }
    if (name === 'spent') {
        return texts(SETTABLE_COSTS);
    }
    if (name === 'vm' || name === 'create_vm') {
        return used(s, (callee) => callee === 'create_vm' || callee === 'vm');
    }
    return used(s, (callee) => callee === name);
}

function kernels({ program }: Situation): Offer[] {
    return [...program.kernels.values()]
        .map(
            (decl): Offer => ({
                label: decl.name.value,
                kind: 'kernel',
                rank: RANK.asked,
                subject: { kind: 'declaration', decl },
            }),
        )
        .concat(
            [...DESCRIPTIONS.keys()].map((name) => ({
                label: name,
                kind: 'kernel',
                rank: RANK.own + orderIn(KERNELS, name),
                subject: { kind: 'shipped', of: 'kernel', name },
            })),
        );
}

/** Kernel parameters that have an effect here; first the usual values of those for live updates. */
function cmdlines(): Offer[] {
    const others = Object.entries(PARAMETERS).map(([name, { value }]) => (value === 'none' ? name : `${name}=`));
    return texts(['kho=on', 'liveupdate=on', 'kho_scratch=64M,64M,32M', 'kho=off', 'liveupdate=off', ...others]);
}

function texts(labels: readonly string[], subject?: (label: string) => Subject): Offer[] {
    return labels.map((label, i) => ({
        label,
        kind: 'text',
        rank: RANK.asked + i,
        ...(subject ? { subject: subject(label) } : {}),
    }));
}

/** Strings that the program passes to calls; those of the last calls first. */
function used(s: Situation, wanted: (callee: string) => boolean): Offer[] {
    return texts(usedIn(s, wanted));
}

function usedIn(s: Situation, wanted: (callee: string) => boolean): string[] {
    const found: string[] = [];
    const visit = (node: Node): void => {
        if (isKind(node, 'call')) {
            const { callee } = node;
            const name = isKind(callee, 'member') ? callee.member.name : isKind(callee, 'name') ? callee.name : '';
            for (const { value } of wanted(name) ? node.args : []) {
                if (isKind(value, 'string') && value !== s.place?.node && value.value !== '') {
                    found.push(value.value);
                }
            }
        }
        childrenOf(node).forEach(visit);
    };
    for (const [uri, { items }] of s.program.files) {
        if (!isLibrary(uri)) {
            items.forEach(visit);
        }
    }
    return [...new Set(found.reverse())];
}

/** The injection points that kernel code checks with should_fail(). */
function points(): string[] {
    const found = new Set<string>();
    for (const text of LIBRARY_SOURCES.values()) {
        for (const [, point = ''] of text.matchAll(/should_fail\("([^"]+)"\)/g)) {
            found.add(point);
        }
    }
    return [...found];
}
