/** `flaws luo_stale_session` of a kernel: it has the code that such a flaw is in. */
import { descriptionOf } from '../../kernel/release/descriptions';
import { BUG_FLAWS, versionsWith } from '../../kernel/release/known-bugs';
import type { KernelDecl } from '../syntax/ast';
import { quoted, type ProgramBuilder } from './program-builder';

/** @param line the declared kernels that a kernel is made from, the oldest first, itself last */
export function checkFlaws(program: ProgramBuilder, uri: string, decl: KernelDecl, line: readonly KernelDecl[]): void {
    const base = descriptionOf(line[0]?.from?.value ?? '');
    const given = decl.entries.flatMap((e) =>
        e.kind === 'list' && e.key.name === 'flaws' && e.sign !== '-' ? e.names : [],
    );
    for (const name of base ? given : []) {
        const bug = BUG_FLAWS.get(name.name);
        const files = bug?.flaw?.only;
        if (bug && files && !files.some((file) => base?.library.includes(file))) {
            program.report(
                'error',
                'LU0218',
                uri,
                name,
                `"${base?.name ?? ''}" does not have the code that ${quoted(name.name)} is a flaw of: it was there from ${versionsWith(bug)}.`,
            );
        }
    }
}
