/// Documents and what is decided about them (R4 4.0.1 StructureDefinitions; the notation is `ElementTables`').
enum DocumentTables {
    static let text = """
        DocumentReference@D masterIdentifier:Identifier identifier:Identifier*
          status:=current|superseded|entered-in-error! docStatus:=preliminary|final|amended|entered-in-error
          type:CodeableConcept category:CodeableConcept* subject:Reference date:instant author:Reference*
          authenticator:Reference custodian:Reference relatesTo:.DocumentReference.relatesTo* description:string
          securityLabel:CodeableConcept* content:.DocumentReference.content+ context:.DocumentReference.context
        DocumentReference.relatesTo@B code:=replaces|transforms|signs|appends! target:Reference!
        DocumentReference.content@B attachment:Attachment! format:Coding
        DocumentReference.context@B encounter:Reference* event:CodeableConcept* period:Period
          facilityType:CodeableConcept practiceSetting:CodeableConcept sourcePatientInfo:Reference related:Reference*
        List@D identifier:Identifier* status:=current|retired|entered-in-error! mode:=working|snapshot|changes!
          title:string code:CodeableConcept subject:Reference encounter:Reference date:dateTime source:Reference
          orderedBy:CodeableConcept note:Annotation* entry:.List.entry* emptyReason:CodeableConcept
        List.entry@B flag:CodeableConcept deleted:boolean date:dateTime item:Reference!
        Binary@R contentType:code! securityContext:Reference data:base64Binary
        Consent@D identifier:Identifier* status:=draft|proposed|active|rejected|inactive|entered-in-error!
          scope:CodeableConcept! category:CodeableConcept+ patient:Reference dateTime:dateTime performer:Reference*
          organization:Reference* source[x]:Attachment|Reference policy:.Consent.policy* policyRule:CodeableConcept
          verification:.Consent.verification* provision:.Consent.provision
        Consent.policy@B authority:uri uri:uri
        Consent.verification@B verified:boolean! verifiedWith:Reference verificationDate:dateTime
        Consent.provision@B type:=deny|permit period:Period actor:.Consent.provision.actor* action:CodeableConcept*
          securityLabel:Coding* purpose:Coding* class:Coding* code:CodeableConcept* dataPeriod:Period
          data:.Consent.provision.data* provision:.Consent.provision*
        Consent.provision.actor@B role:CodeableConcept! reference:Reference!
        Consent.provision.data@B meaning:=instance|related|dependents|authoredby! reference:Reference!
        """
}
