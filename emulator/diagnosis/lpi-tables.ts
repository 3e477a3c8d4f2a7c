/** The tables of an arm64 interrupt controller that the next kernel finds in memory that is not theirs. */
import { hex } from '../text/text';
import { ruleFile } from './rules';
import { pagesText, some } from './wording';

export const lpiTableRules = ruleFile(['LU1099', 'LU1100'], ({ host, chronicle, say }) => ({
    /** LU1099, LU1100 */
    interruptTablesInUse({ property, pages, owners, became }): void {
        const at = hex(property);
        const found = `The redistributors still use the LPI property table of an earlier kernel at ${at}`;
        const size = pagesText(host.machine.page, pages);
        if (became === 'filled') {
            say('LU1099', {
                about: at,
                message: `${found}. This kernel uses the table again because its memory is reserved, and has overwritten ${size}. Owner of that memory: ${some(owners)}.`,
                history: chronicle.ofPage(Math.floor(property / host.machine.page.size)),
                data: { table: at, pages, owners },
            });
        } else {
            say('LU1100', {
                about: at,
                message: `${found}, ${size} that are not reserved. An interrupt that arrived before this kernel turned them off may have set a bit in a pending table, which is not reserved either.`,
                data: { table: at, pages },
            });
        }
    },
}));
