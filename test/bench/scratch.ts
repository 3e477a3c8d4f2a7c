import { goingBack } from './going-back';
import { history, measureHistory } from './history';
import { table } from './figures';
const [flag, size, huge] = process.argv.slice(2);
if (flag === '--history' && size !== undefined && huge !== undefined) measureHistory(size, huge);
else if (flag === 'history') console.log(table(history(__filename)));
else console.log(table(goingBack()));
