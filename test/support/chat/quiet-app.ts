import { SchedulerRegistry } from '@nestjs/schedule';
import { startTestApp, type TestApp, type TestAppOptions } from '../test-app.js';

/** The application without its timetable: jobs run when the test says so, and never beside it. */
export async function startQuietApp(options: TestAppOptions = {}): Promise<TestApp> {
  const lomu = await startTestApp(options);
  for (const job of lomu.app.get(SchedulerRegistry).getCronJobs().values()) void job.stop();
  return lomu;
}
