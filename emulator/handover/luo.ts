/** The handover of the Live Update Orchestrator ("luo-v5"): sessions, files, FLBs, as the next kernel reads them. */
import type { Int } from '../machine/int';
import { BLOCK_HEADER, entriesPerBlock } from '../kernel/kho/blocks';
import {
    COMPATIBLE_SIZE,
    FILE_SER_SIZE,
    FLB_HEADER_SIZE,
    FLB_SER_SIZE,
    LUO_COMPATIBLE,
    LUO_SER_SIZE,
    maxFlbs,
    SESSION_NAME_SIZE,
    SESSION_SER_SIZE,
} from '../kernel/luo/abi';
import { ALL_LUO_FEATURES, FEATURE_WORDS_SIZE, featureNames, readFeatureWords } from '../kernel/release/formats';
import { readMemfd } from './memfd';
import type { FileView, FlbView, LuoView, SessionView } from './model';
import { type Walk, readBlocks } from './walk';
import { counted, hex } from '../text/text';
import { printable } from '../text/utf8';

/** Fields of struct luo_ser behind its head, which is a string or words of features. */
const NUMBER = 0;
const SESSIONS = 8;
const FLBS = 16;
const AFTER_HEAD = 24;
const SESSION_FILES = SESSION_NAME_SIZE;
const SESSION_COUNT = SESSION_NAME_SIZE + 8;
const FILE_DATA = COMPATIBLE_SIZE;
const FILE_TOKEN = COMPATIBLE_SIZE + 8;

const PANIC = '"The incoming tree failed to initialize properly"';
const NO_DEVICE = 'every open of /dev/liveupdate fails with EIO';

/**
 * @param phys the address of the blob in the subtree LUO.
 * @param handlers compatible strings that the next kernel has handlers for; undefined: all of them.
 */
export function readLuo(
    walk: Walk,
    phys: Int,
    size: Int,
    handlers: readonly string[] | undefined,
): LuoView | undefined {
    const { findings } = walk;
    if (size < LUO_SER_SIZE) {
        findings.add(
            'luo-too-small',
            phys,
            `the LUO blob has ${counted(size, 'byte')}, but struct luo_ser has ${LUO_SER_SIZE}`,
            'panic',
            PANIC,
        );
        return undefined;
    }
    const addr = walk.address(phys, LUO_SER_SIZE);
    if (addr === undefined) {
        findings.add('luo-outside', phys, `the address of the LUO blob, ${hex(phys)}, is not memory`, 'panic', PANIC);
        return undefined;
    }
    if (walk.claim(addr) !== 'restored') {
        findings.add(
            'luo-not-preserved',
            addr,
            `the LUO blob at ${hex(addr)} is not preserved`,
            'corrupt',
            'other data may have overwritten it before it is read',
        );
    }
    const head = headOf(walk, addr, Number(size));
    const { compatible } = head;
    const rest = addr + head.size;
    const view = {
        addr,
        compatible,
        number: walk.u64(rest + NUMBER),
        sessionsPa: walk.u64(rest + SESSIONS),
        flbsPa: walk.u64(rest + FLBS),
    };
    if (!head.known) {
        findings.add(
            'luo-incompatible',
            addr,
            `the LUO blob is "${printable(compatible)}"; lus reads it as "${LUO_COMPATIBLE}"`,
            'panic',
            PANIC,
        );
        return { ...view, blocks: [], sessions: [], flbs: [] };
    }
    const { blocks } = readBlocks(
        walk,
        'the list of sessions',
        'session-blocks',
        view.sessionsPa,
        entriesPerBlock(walk.view.page, SESSION_SER_SIZE),
        'panic',
        PANIC,
    );
    const sessions: SessionView[] = [];
    const names = new Set<string>();
    for (const block of blocks) {
        for (let i = 0; i < block.count; i++) {
            const session = readSession(walk, block.addr + BLOCK_HEADER + i * SESSION_SER_SIZE, handlers);
            if (names.has(session.name)) {
                findings.add(
                    'session-twice',
                    session.addr,
                    `two sessions have the name "${printable(session.name)}"`,
                    'fails',
                    NO_DEVICE,
                );
            }
            names.add(session.name);
            sessions.push(session);
        }
    }
    return { ...view, blocks: blocks.map((b) => b.addr), sessions, flbs: readFlbs(walk, view.flbsPa) };
}

/** What identifies the format of struct luo_ser: a string, a composite string, or words of features. */
function headOf(
    walk: Walk,
    addr: number,
    size: number,
): { readonly compatible: string; readonly size: number; readonly known: boolean } {
    if (size === FEATURE_WORDS_SIZE + AFTER_HEAD && walk.address(addr, size) !== undefined) {
        const { req, active } = readFeatureWords({ readU64: (pa) => walk.u64(pa) }, addr);
        return {
            compatible: `features ${featureNames('LUO', active)}; required ${featureNames('LUO', req)}`,
            size: FEATURE_WORDS_SIZE,
            known: req <= ALL_LUO_FEATURES,
        };
    }
    const compatible = walk.text(addr, 8);
    if (size <= LUO_SER_SIZE || !compatible.startsWith(`${LUO_COMPATIBLE};`)) {
        return { compatible, size: 8, known: compatible === LUO_COMPATIBLE };
    }
    const composite = walk.text(addr, size - AFTER_HEAD);
    return { compatible: composite, size: size - AFTER_HEAD, known: composite === `${LUO_COMPATIBLE};block-v1` };
}

function readSession(walk: Walk, addr: number, handlers: readonly string[] | undefined): SessionView {
    const { findings } = walk;
    const name = walk.text(addr, SESSION_NAME_SIZE);
    const filesPa = walk.u64(addr + SESSION_FILES);
    const count = walk.u64(addr + SESSION_COUNT);
    const title = `session "${printable(name)}"`;
    if (walk.view.read(addr, SESSION_NAME_SIZE).indexOf(0) < 0) {
        findings.add(
            'session-name',
            addr,
            `the name of ${title} is not terminated`,
            'corrupt',
            'the next kernel gives it another name',
        );
    }
    if (filesPa === 0) {
        if (count !== 0) {
            findings.add(
                'files-missing',
                addr + SESSION_FILES,
                `${title} has ${counted(count, 'file')}, but no list of them`,
                'held',
                'the session is empty, and the kernel warns',
            );
        }
        return { addr, name, filesPa, count, blocks: [], files: [] };
    }
    const { blocks, broken } = readBlocks(
        walk,
        `the list of files of ${title}`,
        'file-blocks',
        filesPa,
        entriesPerBlock(walk.view.page, FILE_SER_SIZE),
        'fails',
        NO_DEVICE,
    );
    const files: FileView[] = [];
    const tokens = new Set<Int>();
    for (const block of blocks) {
        for (let i = 0; i < block.count; i++) {
            const file = readFile(walk, block.addr + BLOCK_HEADER + i * FILE_SER_SIZE, title, handlers);
            if (tokens.has(file.token)) {
                findings.add(
                    'token-twice',
                    file.addr + FILE_TOKEN,
                    `${title} has two files with token ${hex(file.token)}`,
                    'fails',
                    'only the first can be retrieved',
                );
            }
            tokens.add(file.token);
            files.push(file);
        }
    }
    if (!broken && files.length !== count) {
        findings.add(
            'file-count',
            addr + SESSION_COUNT,
            `the file count of ${title} is ${count}, but its list has ${counted(files.length, 'file')}`,
            'fails',
            NO_DEVICE,
        );
    }
    return { addr, name, filesPa, count, blocks: blocks.map((b) => b.addr), files };
}

function readFile(walk: Walk, addr: number, title: string, handlers: readonly string[] | undefined): FileView {
    const compatible = walk.text(addr, COMPATIBLE_SIZE);
    const data = walk.u64(addr + FILE_DATA);
    const token = walk.u64(addr + FILE_TOKEN);
    if (handlers && !handlers.includes(compatible)) {
        walk.findings.add(
            'handler-unknown',
            addr,
            `file ${hex(token)} of ${title} needs the handler "${printable(compatible)}"`,
            'fails',
            `${NO_DEVICE} in a kernel without this handler`,
        );
    }
    return {
        addr,
        compatible,
        data,
        token,
        memfd: readMemfd(walk, data, `memfd ${hex(token)} of ${title}`, compatible),
    };
}

function readFlbs(walk: Walk, pa: Int): FlbView[] {
    const { findings } = walk;
    if (pa === 0) {
        return [];
    }
    const addr = walk.address(pa, walk.view.page.size);
    if (addr === undefined) {
        findings.add(
            'flbs-outside',
            pa,
            `the address of the FLB page, ${hex(pa)}, is not memory`,
            'panic',
            'the first use of an FLB faults',
        );
        return [];
    }
    if (walk.claim(addr) !== 'restored') {
        findings.add(
            'flbs-not-preserved',
            addr,
            `the FLB page at ${hex(addr)} is not preserved`,
            'corrupt',
            'other data may have overwritten it before it is read',
        );
    }
    const count = walk.u64(addr + 8);
    const most = maxFlbs(walk.view.page);
    if (count > most) {
        findings.add(
            'flb-count',
            addr + 8,
            `the FLB count is ${count}, but a page holds ${most}`,
            'corrupt',
            'the kernel reads past the page',
        );
    }
    const flbs: FlbView[] = [];
    for (let i = 0; i < Math.min(Number(count), most); i++) {
        const entry = addr + FLB_HEADER_SIZE + i * FLB_SER_SIZE;
        flbs.push({
            addr: entry,
            name: walk.text(entry, COMPATIBLE_SIZE),
            data: walk.u64(entry + COMPATIBLE_SIZE),
            count: walk.u64(entry + COMPATIBLE_SIZE + 8),
        });
    }
    return flbs;
}
