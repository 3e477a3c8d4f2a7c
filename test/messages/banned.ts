/**
 * Forms that no message and no page of the documentation has. To ban another one, add an entry: the test
 * (test/unit/docs/messages.test.ts) checks that the entry finds its own examples, and nothing in the product.
 */
import type { Text } from './text';

export interface Banned {
    readonly form: RegExp;
    /** What to write. */
    readonly instead: string;
    /** Texts that the form finds. */
    readonly examples: readonly string[];
    /** Texts that resemble them and are allowed. */
    readonly allowed?: readonly string[];
}

const COUNTED =
    '(?:block|byte|callback|device|diagnosis|entry|error|event|file|finding|folio|frame|function|guest|hint|' +
    'image|kernel|line|lock|node|page|page table|process|processor|program header|recording|reference|run|' +
    'scenario|session|step|thread|vCPU|vector|warning)';
const PLURAL = COUNTED.replace('entry', 'entrie')
    .replace('diagnosis', 'diagnose')
    .replace(/\bprocess\b/g, 'processe');

export const BANNED: readonly Banned[] = [
    {
        // Limits are constants and greater than 1; `${direction} sessions` are incoming or outgoing ones.
        form: new RegExp(
            `(?<!/)\\$\\{(?!counted|countOf|direction\\}|(?:\\w+\\.)*[A-Z_]+\\})[^{}]*\\} ${PLURAL}s\\b(?! \\$)`,
        ),
        instead: 'counted(n, "file") or countOf(n, "file") of emulator/text/text.ts: 1 file, 2 files',
        examples: ['${files} files', 'it has ${this.entries.length} entries', '${n} processes'],
        allowed: ['${counted(n, "file")}', 'at most ${MAX_BLOCKS} blocks', '${matched}/${total} lines match'],
    },
    {
        form: new RegExp(`\\b1 ${PLURAL}s\\b| ${COUNTED}\\(e?s\\)`),
        instead: 'the singular: 1 file',
        examples: ['with 1 files', 'has 1 processes', 'lists the file(s)'],
        allowed: ['LU1001 files', 'on line ${c.line(s)}'],
    },
    {
        form: /\bboot (?:number )?(?:\$\{(?!quoted)|\d)/,
        instead: 'kernel ${boot + 1}: people number kernels from 1',
        examples: ['boot ${boot}', 'since boot 0'],
        allowed: ['boot "7.2"', 'boot ${quoted(name)}'],
    },
    {
        form: /\bkernel (?:0(?![.x])|\$\{(?:\w+\.)*boot\})/,
        instead: 'kernel ${boot + 1}: people number kernels from 1',
        examples: ['kernel 0: create_session', '(kernel ${e.boot})'],
        allowed: ['kernel ${boot + 1}', 'kernel 1'],
    },
    {
        form: /\baddress \$\{(?!hex|address|quoted)|\bioctl \$\{(?!hex)|\baddress \d{3,}\b/,
        instead: 'hex(address): addresses and ioctl numbers are hexadecimal',
        examples: ['at address ${pa}', 'ioctl ${request}', 'at address 4096'],
        allowed: ['at address ${hex(pa)}', 'address ${address(bus, slot)}'],
    },
    {
        form: /\b(?:not|never) (?:un(?:able|aware|clear|common|expected|finished|important|known|likely|like|mapped|mount\w+|necessary|preserved|reachable|retrieved|safe|set|supported|used|usual|wanted)|impossible|invalid|incorrect|incompatible|without)\b/,
        instead: 'the positive form: "can be read" for "is not unreadable"',
        examples: ['the file is not unlike the other', 'this is not impossible', 'not without a lock'],
        allowed: ['is not unfrozen', 'does not invalidate', 'not under a lock', 'not included', 'not until the kexec'],
    },
    {
        form: /\b(?:[Nn]obody|[Nn]othing|[Nn]one|[Nn]ever)(?: (?!if|where|when|of)[a-z]+){0,3} (?:cannot|never|not|nobody|nothing)\b|\bcannot not\b/,
        instead: 'one negation, or none',
        examples: ['nobody can never read it', 'it cannot not be read', 'never does nothing'],
        allowed: ['`none` if there is none', 'the value has no field and no method'],
    },
    {
        form: /(?<![Tt]here )\b(?:is|are|was|were) no (?!longer|more)/,
        instead: '"is not a": "this is not an ELF file"',
        examples: ['this is no ELF file', '`4x` is no name'],
        allowed: ['there is no file', 'it is no longer mapped'],
    },
    {
        form: /\b(?:nobody|somebody|anybody|whoever|whom)\b/i,
        instead: 'who it is: the kernel, a process, another owner',
        examples: ['Nobody has frozen it', 'whoever holds the lock'],
    },
    {
        // Texts of several lines may have columns, and so may examples of statements.
        form: /^[^\n]*[a-z,.](?<!\bcall) {2,}[a-z][^\n]*$/,
        instead: 'one space between words',
        examples: ['the file  is missing'],
        allowed: ['Usage:\n  --log      print the log', 'call  may fail EIO'],
    },
    {
        form: /\bthat is there\b|\bwhat there is\b/i,
        instead: '"existing", or the noun alone',
        examples: ['the memory that is there'],
    },
    {
        form: /\banew\b|\bin vain\b|\bof one['’]s own\b|\b(?:comes?|came) along\b|\bbehind it if it should\b/,
        instead: '"again", "without effect", "own", "is handed over"',
        examples: ['assign it anew', 'waits in vain', 'the page comes along'],
        allowed: ['a new page'],
    },
    {
        form: /\bNothing is called\b|\b(?:[Ww]hat|who) (?:is|has|waits|stands|sits|lies) (?:behind|how|for) (?:what|much|whom)\b|\bwho has how much\b/,
        instead: 'the term of the field: "is not defined", "PCI topology", "memory by owner", "deadlock"',
        examples: ['Nothing is called `x` here', 'what is behind what', 'who waits for whom'],
    },
    {
        form: /\bis a bug of it\b|\b(?:says?|said) (?:in so many words|nothing about)\b|\bis worth having\b|\bone (?:wants|can look)\b|\bstands? (?:before|behind) (?:a|an|the)\b/,
        instead: 'a subject and what it does: "This is a bug in the emulator"; "precedes", "follows"',
        examples: [
            'The emulator failed, which is a bug of it',
            'The operator stands before a call',
            'where one wants others',
        ],
    },
    {
        form: /\b(?:kernel|page|driver|handler|device|memory|file|session|process) (?:wants|likes|tells|speaks|hears|hopes|thinks|complains)\b/,
        instead: '"needs", "reports", "sends", "receives", "requests"',
        examples: ['what no kernel tells', 'the driver wants two pages'],
    },
    {
        form: /\bIt reads [`"“]|: there (?:is|are) `[^`]+`, `/,
        instead: '"Expected …"',
        examples: ['It reads `kind nic`', 'It reads `kind`: there is `nic`, `nvme`, `gpu`'],
        allowed: ['it reads zeroes'],
    },
];

/** True for lines of the kernel log, whose words are those of Linux and of the module that records it. */
export function isQuoted({ file, role, text }: Text): boolean {
    const printed = /^emulator\/(?:kernel|std)\//.test(file) && /^(?:klog|log|fatal|panic|warn)/.test(role);
    return printed || text.includes('luotest: ');
}
