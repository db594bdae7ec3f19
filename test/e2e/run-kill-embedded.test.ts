import { embeddedBackend } from '../chaos/runs/chaos-backend.js';
import { describeRunKill } from '../chaos/runs/describe-run-kill.js';

describeRunKill('one instance with PGlite', true, embeddedBackend);
