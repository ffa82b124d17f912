; Conclave's installer. Silent: /S. For everybody: /AllUsers (needs an
; administrator). For oneself: /CurrentUser. Folder: /D=C:\path, last.
; A managed policy, for everybody only: /POLICY=C:\path\managed.json, and with a
; signature beside it: managed.json.sig. /POLICYKEY=C:\path\managed.key demands one.
Unicode true
Target amd64-unicode
SetCompressor /SOLID lzma
SetDateSave on
RequestExecutionLevel user

!define NAME "Conclave"
!define KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\{{.ID}}"
!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_INSTDIR "${NAME}"
!define MULTIUSER_INSTALLMODE_DEFAULT_CURRENTUSER
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "InstallLocation"
!include MultiUser.nsh
!include MUI2.nsh
!include FileFunc.nsh
!include x64.nsh

Name "${NAME}"
OutFile "{{.Out}}"
Icon "{{.Dir}}/conclave.ico"
UninstallIcon "{{.Dir}}/conclave.ico"
VIProductVersion "{{.Dotted}}"
VIAddVersionKey "ProductName" "${NAME}"
VIAddVersionKey "FileDescription" "${NAME} setup"
VIAddVersionKey "FileVersion" "{{.Dotted}}"
VIAddVersionKey "ProductVersion" "{{.Version}}"
VIAddVersionKey "CompanyName" "The Conclave authors"
VIAddVersionKey "LegalCopyright" "Apache-2.0"

!define MUI_ICON "{{.Dir}}/conclave.ico"
!define MUI_UNICON "{{.Dir}}/conclave.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_RUN "$INSTDIR\conclave.exe"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "Norwegian"

LangString NotForOne ${LANG_ENGLISH} "A managed policy is for the whole machine: run this as an administrator with /AllUsers."
LangString NotForOne ${LANG_GERMAN} "Eine verwaltete Richtlinie gilt für den ganzen Computer: Bitte als Administrator mit /AllUsers ausführen."
LangString NotForOne ${LANG_NORWEGIAN} "En administrert policy gjelder hele maskinen: Kjør dette som administrator med /AllUsers."
LangString NoPolicy ${LANG_ENGLISH} "The policy file cannot be read."
LangString NoPolicy ${LANG_GERMAN} "Die Richtliniendatei kann nicht gelesen werden."
LangString NoPolicy ${LANG_NORWEGIAN} "Policyfilen kan ikke leses."

Var Policy
Var PolicyKey

Function .onInit
  ${IfNot} ${RunningX64}
    SetErrorLevel 3
    Abort
  ${EndIf}
  SetRegView 64
  !insertmacro MULTIUSER_INIT
  ${GetParameters} $0
  ClearErrors
  ${GetOptions} $0 "/POLICY=" $Policy
  ${GetOptions} $0 "/POLICYKEY=" $PolicyKey
  ${If} $Policy != ""
    ${If} $MultiUser.InstallMode != "AllUsers"
      MessageBox MB_OK|MB_ICONSTOP $(NotForOne) /SD IDOK
      SetErrorLevel 4
      Abort
    ${EndIf}
    ${IfNot} ${FileExists} "$Policy"
      MessageBox MB_OK|MB_ICONSTOP $(NoPolicy) /SD IDOK
      SetErrorLevel 5
      Abort
    ${EndIf}
  ${EndIf}
FunctionEnd

Function un.onInit
  SetRegView 64
  !insertmacro MULTIUSER_UNINIT
FunctionEnd

Section
  SetOutPath "$INSTDIR"
  File "{{.Dir}}/conclave.exe"
  File "{{.Dir}}/conclave-serve.exe"
  File "{{.Dir}}/conclave.ico"
  File "{{.Dir}}/LICENSE.txt"
  File "{{.Dir}}/NOTICE.txt"
  File "{{.Dir}}/README.md.txt"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\${NAME}.lnk" "$INSTDIR\conclave.exe" "" "$INSTDIR\conclave.ico"

  WriteRegStr SHCTX "Software\Classes\conclave" "" "URL:Conclave meeting"
  WriteRegStr SHCTX "Software\Classes\conclave" "URL Protocol" ""
  WriteRegStr SHCTX "Software\Classes\conclave\DefaultIcon" "" "$INSTDIR\conclave.ico"
  WriteRegStr SHCTX "Software\Classes\conclave\shell\open\command" "" '"$INSTDIR\conclave.exe" "%1"'

  WriteRegStr SHCTX "${KEY}" "DisplayName" "${NAME}"
  WriteRegStr SHCTX "${KEY}" "DisplayVersion" "{{.Version}}"
  WriteRegStr SHCTX "${KEY}" "DisplayIcon" "$INSTDIR\conclave.ico"
  WriteRegStr SHCTX "${KEY}" "Publisher" "The Conclave authors"
  WriteRegStr SHCTX "${KEY}" "URLInfoAbout" "{{.Website}}"
  WriteRegStr SHCTX "${KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${KEY}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
  WriteRegDWORD SHCTX "${KEY}" "EstimatedSize" {{.KiB}}
  WriteRegDWORD SHCTX "${KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${KEY}" "NoRepair" 1

  ${If} $Policy != ""
    ; Only administrators write the policy; the room's account keeps its state
    ; in the folder below.
    ClearErrors
    SetShellVarContext all
    CreateDirectory "$APPDATA\Conclave\kiosk"
    nsExec::Exec 'icacls "$APPDATA\Conclave" /inheritance:r /grant:r *S-1-5-18:(OI)(CI)F *S-1-5-32-544:(OI)(CI)F *S-1-5-32-545:(OI)(CI)RX'
    nsExec::Exec 'icacls "$APPDATA\Conclave\kiosk" /grant:r *S-1-5-32-545:(OI)(CI)M'
    CopyFiles /SILENT "$Policy" "$APPDATA\Conclave\managed.json"
    ${If} ${FileExists} "$Policy.sig"
      CopyFiles /SILENT "$Policy.sig" "$APPDATA\Conclave\managed.json.sig"
    ${EndIf}
    ${If} $PolicyKey != ""
      CopyFiles /SILENT "$PolicyKey" "$APPDATA\Conclave\managed.key"
    ${EndIf}
    ${If} ${Errors}
      SetErrorLevel 5
      Abort $(NoPolicy)
    ${EndIf}
  ${EndIf}
SectionEnd

; What people made with the program stays: settings and keys are theirs. The
; managed policy stays too: a machine must not become free by an uninstall.
Section "Uninstall"
  Delete "$INSTDIR\conclave.exe"
  Delete "$INSTDIR\conclave-serve.exe"
  Delete "$INSTDIR\conclave.ico"
  Delete "$INSTDIR\LICENSE.txt"
  Delete "$INSTDIR\NOTICE.txt"
  Delete "$INSTDIR\README.md.txt"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  Delete "$SMPROGRAMS\${NAME}.lnk"
  DeleteRegKey SHCTX "Software\Classes\conclave"
  DeleteRegKey SHCTX "${KEY}"
SectionEnd
