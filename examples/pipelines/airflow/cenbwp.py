"""Plans each stack of a spec in many accounts side by side, asks a person about each plan, and applies the plans that were shown.

Lies in the folder of the DAGs. Needs Airflow 3.1 with its standard provider, `cenbwp` and Conftest on the workers, a checkout of
the repository that all of them see, and a folder that all of them write to. The workers have credentials that may take two roles
of each account (`--assume-role`), from any source in docs/credentials.md. Plan and apply run on the same workers; where a worker
that plans must not be able to buy, give the task `apply` a queue of its own, and only its workers the credentials for that role.
"""

import json
import pathlib
import subprocess
from datetime import timedelta

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk import dag, get_current_context, task, task_group

CHECKOUT = "/srv/network"
PLANS = "/srv/plans"
PLAN_ROLE = "acs:ram::{account}:role/cenbwp-plan"
APPLY_ROLE = "acs:ram::{account}:role/cenbwp-apply"


def run(*command, repeat=(), fine=(0,)):
    """Returns the exit code and the answer of a command. A code to repeat is tried again, another one fails the task at once."""
    ran = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    print(ran.stdout, ran.stderr, sep="\n")
    if ran.returncode in fine:
        return ran.returncode, ran.stdout
    failed = AirflowException if ran.returncode in repeat else AirflowFailException
    raise failed(f"{' '.join(command[:2])} ended with {ran.returncode}: {ran.stderr.strip()}")


@task
def stacks():
    """Returns each stack with its account. It is offline."""
    run("cenbwp", "validate", "-f", "cen")
    _, answer = run("cenbwp", "stacks", "-f", "cen", "--json")
    listed = [{"stack": it["stack"], "account": it.get("account")} for it in json.loads(answer)["stacks"]]
    if unpinned := [it["stack"] for it in listed if not it["account"]]:
        raise AirflowFailException(f"stacks that name no account: {', '.join(unpinned)}")
    return listed


@task
def plan(stack):
    """Saves the plan of a stack and returns it as it is shown. Where nothing is to be done, nobody is asked."""
    file = pathlib.Path(PLANS, get_current_context()["run_id"], f"{stack['stack']}.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    selected = ["--target", stack["stack"], "--account", stack["account"], "--assume-role", PLAN_ROLE]
    shown = ["--out", str(file), "--report", "markdown", "--detailed-exitcode"]
    code, page = run("cenbwp", "plan", "-f", "cen", *selected, *shown, fine=(0, 2), repeat=(1,))
    if code == 0:
        raise AirflowSkipException(f"{stack['stack']} is up to date")
    saved = json.loads(file.read_text())
    if not saved["applyable"]:
        raise AirflowFailException("the plan cannot be applied: it says above what a person has to decide")
    return {"stack": stack["stack"], "file": str(file), "digest": saved["digest"], "page": page}


@task
def judge(planned):
    """Asks the rules, those of examples/policies/opa. Let code owners review the folder."""
    run("conftest", "test", "--no-color", "--policy", "policies", planned["file"])


@task
def apply(planned):
    """Applies the plan that was shown. A killed run is continued by the same command with the same plan: clear the task."""
    shown = ["--plan-digest", planned["digest"], "--plan-ttl", "7d"]
    run("cenbwp", "apply", planned["file"], "-f", "cen", *shown, "--assume-role", APPLY_ROLE, repeat=(1, 7))


# A second run would only be refused where it is slower, but a person would be asked twice.
@dag(schedule=None, catchup=False, max_active_runs=1, tags=["cenbwp"])
def cenbwp():
    # The tasks of a stack wait for each other and for nothing else, so one that fails holds up no other.
    @task_group
    def one_stack(stack):
        planned = plan.override(retries=3, retry_delay=timedelta(minutes=1), max_active_tis_per_dagrun=10)(stack)
        approved = ApprovalOperator(
            task_id="approve",
            subject="Apply the plan of {{ task_instance.xcom_pull('one_stack.plan', map_indexes=task_instance.map_index).stack }}?",
            body="{{ task_instance.xcom_pull('one_stack.plan', map_indexes=task_instance.map_index).page }}",
            # As long as the plan may be applied. Then it fails, and so does a plan that is rejected.
            response_timeout=timedelta(days=7),
            fail_on_reject=True,
        )
        applied = apply.override(retries=3, retry_delay=timedelta(minutes=1))(planned)
        judge(planned) >> approved >> applied

    one_stack.expand(stack=stacks())


cenbwp()
